package main

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// folderGet is one request for a file of a datastore.
type folderGet struct {
	pacer
	h      *Host
	r      *http.Request
	vm     *vm
	file   dsFile
	name   string // the last part of the path
	auth   string // what let it in: cookie or basic
	size   int64  // as the answer tells it
	status int
	from   int64
	n      int64
	reason string
}

// serveFolder serves the files of datastores.
func (h *Host) serveFolder(w http.ResponseWriter, r *http.Request) {
	g := &folderGet{h: h, r: r, file: dsFile{disk: -1}, pacer: pacer{w: w, closed: r.Context().Done()}}
	u, err := readFolderURL(r.RequestURI)
	switch {
	case err != nil:
		h.malformed("folder", err, r)
		g.refuse(http.StatusBadRequest, err.Error())
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		g.otherMethod()
	default:
		g.serve(u)
	}
}

func (g *folderGet) otherMethod() {
	if g.r.Method == http.MethodPut {
		g.h.log.add("not-modelled", fields{"method": "PUT of a file"})
		g.refuse(http.StatusForbidden, "Files cannot be put here")
		return
	}
	g.w.Header().Set("Allow", "GET, HEAD, PUT")
	g.refuse(http.StatusMethodNotAllowed, "The method is none for files")
}

func (g *folderGet) serve(u *folderURL) {
	last := u.path[len(u.path)-1]
	if g.name = last.text; !last.ok {
		g.name = last.raw
	}
	g.h.mu.Lock()
	g.find(u) // for the faults of this VM, disk and range
	g.h.mu.Unlock()
	g.from, g.n, _, _ = readRange(g.r.Header.Get("Range"), g.file.size)
	if g.before() {
		return
	}
	g.h.mu.Lock()
	status, reason := g.check(g.find(u))
	var body io.ReaderAt
	var modified time.Time
	if status == 0 {
		var done func()
		body, modified, done = g.file.open()
		defer done()
	}
	g.h.mu.Unlock()
	if status != 0 {
		g.refuse(status, reason)
		return
	}
	g.answer(body, modified)
}

// find looks the file up; "" or what there is not.
func (g *folderGet) find(u *folderURL) string {
	ds := g.h.folderDatastore(u)
	if ds == nil {
		return "no such datacenter or datastore"
	}
	for _, v := range g.h.vms {
		if v.at.ds != ds || !u.path[0].ok || u.path[0].text != v.dir {
			continue
		}
		g.vm = v
		if len(u.path) == 1 || len(u.path) == 2 && u.path[1].raw == "" {
			return "a folder"
		}
		for _, f := range v.files() {
			if len(u.path) == 2 && u.path[1].ok && u.path[1].text == f.name {
				g.file = f
				return ""
			}
		}
	}
	if len(u.path) == 1 && u.path[0].raw == "" {
		return "a folder"
	}
	return "no such file"
}

// check says why there is nothing to get, or 0.
func (g *folderGet) check(where string) (int, string) {
	g.auth = g.h.folderAuth(g.r)
	switch {
	case g.auth == "":
		return http.StatusUnauthorized, "no valid session, no valid password"
	case !g.h.granted("Datastore.Browse") || !g.h.granted("Datastore.FileManagement"):
		return http.StatusForbidden, "no privilege"
	case where == "a folder":
		return http.StatusForbidden, "folders are not listed"
	case where != "":
		return http.StatusNotFound, where
	case g.file.locked || !g.vm.at.ds.Summary.Accessible || g.vm.writing():
		return http.StatusInternalServerError, "Device or resource busy"
	}
	if f := g.h.faults.fire("folder-locked", g.occasion()); f != nil {
		return http.StatusInternalServerError, "Device or resource busy"
	}
	return 0, ""
}

// writing tells whether an import still fills the VM's files.
func (v *vm) writing() bool {
	for _, l := range v.h.leases {
		if l.imp != nil && l.vm == v && l.open() {
			return true
		}
	}
	return false
}

// folderAuth tells what lets a request in: the session's cookie, which this
// does not keep from going idle, or a password.
func (h *Host) folderAuth(r *http.Request) string {
	if s := h.sessionOf(rawCookie(r.Header["Cookie"])); s != nil && !s.expired {
		return "cookie"
	}
	if user, pw, ok := r.BasicAuth(); ok && user == h.cfg.user && pw == h.cfg.password {
		return "basic"
	}
	return ""
}

func (g *folderGet) log(complete bool) {
	f := fields{"file": g.name, "range": g.r.Header.Get("Range"), "status": g.status, "bytes": g.sent,
		"complete": complete, "auth": g.auth, "peer": g.r.RemoteAddr}
	if g.vm != nil {
		f["vm"], f["disk"] = g.vm.spec.Name, g.file.disk
	}
	if g.status == http.StatusPartialContent {
		f["offset"], f["length"] = g.from, g.n
	}
	if g.reason != "" {
		f["reason"] = g.reason
	}
	g.h.log.add("folder-"+strings.ToLower(g.r.Method), f)
}

// refuse answers with a page, as hosts do.
func (g *folderGet) refuse(status int, reason string) {
	g.status, g.reason = status, reason
	if status == http.StatusUnauthorized {
		g.w.Header().Set("WWW-Authenticate", `Basic realm="VMware HTTP server"`)
	}
	body := fmt.Sprintf("<HTML><BODY><H1>%d %s</H1></BODY></HTML>", status, http.StatusText(status))
	g.w.Header().Set("Content-Type", "text/html")
	g.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	g.log(true)
	g.w.WriteHeader(status)
	if g.r.Method != http.MethodHead {
		_, _ = io.WriteString(g.w, body)
	}
}

// readRange understands "bytes=A-B", "bytes=A-" and "bytes=-N".  Anything
// else, also several ranges, counts as none; beyond says that it starts past
// the end.
func readRange(text string, size int64) (from, n int64, one, beyond bool) {
	if !strings.HasPrefix(text, "bytes=") {
		return 0, size, false, false
	}
	a, b, ok := strings.Cut(strings.TrimPrefix(text, "bytes="), "-")
	first, err1 := strconv.ParseUint(a, 10, 63)
	last, err2 := strconv.ParseUint(b, 10, 63)
	from, to := int64(first), int64(last)
	switch {
	case !ok || a == "" && b == "" || a != "" && err1 != nil || b != "" && err2 != nil:
		return 0, size, false, false
	case a == "" && to > size:
		from, to = 0, size-1
	case a == "":
		from, to = size-to, size-1
	case b == "" || to >= size:
		to = size - 1
	case from > to:
		return 0, size, false, false
	}
	if from >= size {
		return 0, 0, true, true
	}
	return from, to - from + 1, true, false
}
