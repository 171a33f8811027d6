package main

import (
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

const streamType = "application/x-vnd.vmware-streamVmdk"

// serveNFC serves the files of leases.  The ticket in the path is all the
// authority that is needed.
func (h *Host) serveNFC(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(r.URL.Path, "/") // "", prefix, ticket, name
	var l *lease
	var it *leaseItem
	if len(parts) == 4 {
		l, it = h.leaseItem(parts[2], parts[3])
	}
	switch {
	case it == nil:
		h.refuseNFC(w, r, nil, http.StatusNotFound, "404 page not found")
	case l.imp != nil:
		h.receive(w, r, l, it)
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", "GET")
		h.refuseNFC(w, r, nil, http.StatusMethodNotAllowed, "Method not allowed")
	default:
		t := &transfer{h: h, l: l, it: it, pacer: pacer{w: w, closed: l.closed}}
		if !t.refused(r) {
			t.run()
		}
	}
}

// refuseNFC answers without taking or giving data.
func (h *Host) refuseNFC(w http.ResponseWriter, r *http.Request, extra fields, status int, text string) {
	f := fields{"method": r.Method, "status": status, "path": r.URL.Path, "reason": text}
	for k, v := range extra {
		f[k] = v
	}
	h.log.add("nfc-refused", f)
	http.Error(w, text, status)
}

// leaseItem finds what a path stands for, if the lease is ready.
func (h *Host) leaseItem(ticket, name string) (*lease, *leaseItem) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, l := range h.leases {
		if l.ticket != ticket || l.mo.State != types.HttpNfcLeaseStateReady {
			continue
		}
		for _, it := range l.items {
			if it.target == name {
				return l, it
			}
		}
	}
	return nil, nil
}

// transfer is one GET of an item.
type transfer struct {
	pacer
	h  *Host
	l  *lease
	it *leaseItem
}

func (t *transfer) occasion() occasion {
	return occasion{vm: t.l.vm.spec.Name, disk: t.it.n, file: t.it.target}
}

// refused answers without data if that is armed.
func (t *transfer) refused(r *http.Request) bool {
	faults, o := t.h.faults, t.occasion()
	status := 0
	if f := faults.fire("status", o); f != nil {
		status = f.Status
		if status == 0 {
			status = http.StatusServiceUnavailable
		}
	} else if f := faults.fire("redirect", o); f != nil {
		status = http.StatusFound
		to := f.What
		if to == "" {
			to = "https://127.0.0.1:1" + r.URL.Path
		}
		t.w.Header().Set("Location", to)
	}
	if status != 0 {
		t.log("nfc-refused", fields{"status": status})
		t.w.WriteHeader(status)
	}
	return status != 0
}

func (t *transfer) log(event string, extra fields) {
	f := fields{"vm": t.l.vm.spec.Name, "lease": t.l.mo.Self.Value, "key": t.it.key,
		"file": t.it.target, "disk": t.it.n}
	for k, v := range extra {
		f[k] = v
	}
	t.h.log.add(event, f)
}

func (t *transfer) makePlan() {
	faults, o := t.h.faults, t.occasion()
	t.plan = plan{cutAt: -1, flipAt: -1, stallAt: -1}
	if f := faults.fire("reset", o); f != nil {
		t.plan.cutAt, t.plan.reset = f.AfterBytes, true
	} else if f := faults.fire("short", o); f != nil {
		t.plan.cutAt = f.AfterBytes
	} else if faults.fire("empty", o) != nil {
		t.plan.cutAt = 0
	}
	if f := faults.fire("damage", o); f != nil {
		t.plan.flipAt = f.AfterBytes
	}
	if f := faults.fire("stall", o); f != nil {
		t.plan.stallAt, t.plan.stall = f.AfterBytes, time.Duration(f.MS)*time.Millisecond
	}
	if f := faults.fire("slow", o); f != nil {
		t.plan.rate = f.Rate
	}
}

func (t *transfer) run() {
	t.makePlan()
	t.h.mu.Lock()
	t.it.gets++
	t.it.sent, t.it.whole = 0, false
	t.h.mu.Unlock()
	t.log("nfc-start", nil)

	kind := "application/octet-stream"
	if t.it.isDisk {
		kind = streamType
	}
	t.w.Header().Set("Content-Type", kind)
	t.w.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
	t.w.WriteHeader(http.StatusOK)
	if f, ok := t.w.(http.Flusher); ok {
		f.Flush() // before any data: the reply is chunked
	}
	why := t.copy()

	t.h.mu.Lock()
	t.it.sent, t.it.whole = t.sent, why == ""
	t.h.mu.Unlock()
	end := fields{"bytes": t.sent, "complete": why == ""}
	if why != "" {
		end["cut"] = why
	}
	t.log("nfc-end", end)
	switch {
	case why == "reset":
		resetConnection(t.w)
	case why == "client":
		panic(http.ErrAbortHandler)
	}
	// Every other end is a clean one: a real host's client cannot tell a
	// dead lease from the end of the disk by the transport either.
}

// source gives the bytes: a stream that may still grow, or a file.
func (t *transfer) source() (*os.File, func(off int64) (int64, error), error) {
	if !t.it.isDisk {
		f, err := os.Open(t.it.file)
		return f, func(off int64) (int64, error) { return t.it.size - off, nil }, err
	}
	s := t.it.stream(t.l.vm)
	if _, err := s.wait(0); err != nil {
		return nil, nil, err
	}
	f, err := os.Open(s.file)
	return f, s.wait, err
}

// copy sends until the end, or gives the reason why it stopped before.
func (t *transfer) copy() (cut string) {
	f, wait, err := t.source()
	if err != nil {
		return "source: " + err.Error()
	}
	defer f.Close()
	buf := make([]byte, 1<<20)
	t.start = time.Now()
	for {
		there, err := wait(t.sent)
		if err != nil {
			return "source: " + err.Error()
		}
		if there == 0 {
			return ""
		}
		if cut := t.pause(); cut != "" {
			return cut
		}
		n := t.portion(there, int64(len(buf)))
		if n == 0 {
			return map[bool]string{true: "reset", false: "short"}[t.plan.reset]
		}
		if _, err := f.ReadAt(buf[:n], t.sent); err != nil && err != io.EOF {
			return "source: " + err.Error()
		}
		if at := t.plan.flipAt - t.sent; at >= 0 && at < n {
			buf[at] ^= 0x10
		}
		if _, err := t.w.Write(buf[:n]); err != nil {
			return "client"
		}
		t.sent += n
	}
}
