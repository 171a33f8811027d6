package main

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

// arrival is a file that came.
type arrival struct {
	file      string // where it is kept as it came
	size      int64
	populated int64
	sums      digests
}

// receive takes a file of an import.  Disks are POSTed, files that the host
// makes anew are PUT.
func (h *Host) receive(w http.ResponseWriter, r *http.Request, l *lease, it *leaseItem) {
	u := &upload{h: h, l: l, it: it, w: w, r: r, one: sha1.New(), two: sha256.New()}
	if u.refused() {
		return
	}
	u.makePlan()
	u.log("nfc-start", nil)
	if r.Header.Get("Expect") != "" {
		// Not refused: curl's users send it.  A client of ours must not.
		u.log("nfc-expect", fields{"expect": r.Header.Get("Expect")})
	}
	u.done(u.run())
}

// upload is one POST or PUT.
type upload struct {
	h        *Host
	l        *lease
	it       *leaseItem
	w        http.ResponseWriter
	r        *http.Request
	plan     uploadPlan
	got      int64
	one, two hash.Hash
	kept     *os.File
	start    time.Time
	wrote    int64 // bytes put into the disk
}

// uploadPlan is what shall go wrong, and where; -1 is nowhere.
type uploadPlan struct {
	resetAt, stallAt, flipAt, expireAt, errorAt int64
	stall                                       time.Duration
	rate                                        int64
	leaseError                                  *vimFault
}

var (
	errCut   = errors.New("the connection ended")
	errReset = errors.New("reset")
	errLease = errors.New("lease")
	errSpace = errors.New("no space")
)

func (u *upload) log(event string, extra fields) {
	f := fields{"vm": u.l.vm.spec.Name, "vm_id": u.l.vm.ref.Value, "lease": u.l.mo.Self.Value, "key": u.it.importKey,
		"file": u.it.target, "disk": u.it.n, "method": u.r.Method, "content_type": u.r.Header.Get("Content-Type"),
		"chunked": u.r.ContentLength < 0, "cookie": u.r.Header.Get("Cookie") != ""}
	if u.r.ContentLength >= 0 {
		f["content_length"] = u.r.ContentLength
	}
	for k, v := range extra {
		f[k] = v
	}
	u.h.log.add(event, f)
}

func (u *upload) occasion() occasion {
	return occasion{vm: u.l.vm.spec.Name, disk: u.it.n, file: u.it.target}
}

// refused answers what is no upload of this file; true when it did.
func (u *upload) refused() bool {
	refuse := func(status int, text string) bool {
		u.h.refuseNFC(u.w, u.r, fields{"vm": u.l.vm.spec.Name, "lease": u.l.mo.Self.Value, "file": u.it.target}, status, text)
		return true
	}
	if f := u.h.faults.fire("upload-status", u.occasion()); f != nil {
		status := f.Status
		if status == 0 {
			status = http.StatusServiceUnavailable
		}
		text := f.Message
		if text == "" {
			text = fmt.Sprintf("<HTML><BODY><H1>%d %s</H1></BODY></HTML>", status, http.StatusText(status))
		}
		return refuse(status, text)
	}
	switch {
	case u.it.isDisk && u.r.Method != http.MethodPost:
		return refuse(http.StatusMethodNotAllowed, "Cannot "+u.r.Method+" disk files")
	case !u.it.isDisk && u.r.Method == http.MethodPost:
		return refuse(http.StatusMethodNotAllowed, "Cannot POST to non-disk files")
	case !u.it.isDisk && u.r.Method != http.MethodPut:
		return refuse(http.StatusMethodNotAllowed, "Cannot "+u.r.Method+" files of an import")
	case u.it.isDisk && u.r.Header.Get("Content-Type") != streamType:
		return refuse(http.StatusUnsupportedMediaType, "Content-Type is not "+streamType)
	case !u.it.isDisk && u.r.Header.Get("Overwrite") != "t":
		return refuse(http.StatusConflict, "The file exists")
	}
	u.h.mu.Lock()
	again := u.it.gets > 0
	u.it.gets++
	u.h.mu.Unlock()
	if again {
		return refuse(http.StatusInternalServerError, "The file was uploaded before")
	}
	return false
}

// where is the byte at which a fault strikes: a number, a percentage of what
// was announced, or the last one.
func (u *upload) where(f *armedFault) int64 {
	switch {
	case f.What == "last" && u.r.ContentLength > 0:
		return u.r.ContentLength - 1
	case f.Percent > 0 && u.r.ContentLength > 0:
		return u.r.ContentLength * f.Percent / 100
	}
	return f.AfterBytes
}

func (u *upload) makePlan() {
	p := &u.plan
	*p = uploadPlan{resetAt: -1, stallAt: -1, flipAt: -1, expireAt: -1, errorAt: -1}
	o := u.occasion()
	for kind, at := range map[string]*int64{"upload-reset": &p.resetAt, "upload-stall": &p.stallAt,
		"upload-damage": &p.flipAt, "upload-expire": &p.expireAt, "upload-lease-error": &p.errorAt} {
		f := u.h.faults.fire(kind, o)
		if f == nil {
			continue
		}
		*at = u.where(f)
		switch kind {
		case "upload-stall":
			p.stall = time.Duration(f.MS) * time.Millisecond
		case "upload-lease-error":
			p.leaseError = f.asked("FileFault", "Unable to access the virtual machine's files.")
		}
	}
	if f := u.h.faults.fire("upload-slow", o); f != nil {
		p.rate = f.Rate
	}
}

// run takes the data; a nil error means that all of it came and is good.
func (u *upload) run() error {
	dir := filepath.Join(u.h.cfg.state, "uploads", u.l.ticket)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var err error
	if u.kept, err = os.Create(filepath.Join(dir, u.it.target)); err != nil {
		return err
	}
	defer u.kept.Close()
	u.start = time.Now()
	// The body is read by a goroutine of its own, so that the end of the
	// lease ends a transfer whose client is silent.
	in, out := io.Pipe()
	go func() {
		buf := make([]byte, 256<<10)
		_, err := io.CopyBuffer(struct{ io.Writer }{out}, struct{ io.Reader }{u.r.Body}, buf)
		if err != nil && err != io.ErrClosedPipe {
			err = errCut
		}
		_ = out.CloseWithError(err)
	}()
	over := make(chan struct{})
	defer close(over)
	go func() {
		select {
		case <-u.l.closed:
			_ = in.CloseWithError(errLease)
		case <-over:
		}
	}()
	err = u.take(&tap{u, in})
	_ = in.CloseWithError(io.ErrClosedPipe)
	return err
}

// take reads all of it: a disk goes through the reader of streams.
func (u *upload) take(r io.Reader) error {
	came := &arrival{file: u.kept.Name()}
	var err error
	if u.it.isDisk {
		came.populated, err = readVMDK(r, u.it.disk.raw.size, u.putGrain)
	} else {
		err = u.takeFile(r)
	}
	if err != nil {
		return err
	}
	came.size = u.got
	came.sums = digests{hex.EncodeToString(u.one.Sum(nil)), hex.EncodeToString(u.two.Sum(nil))}
	u.it.came = came
	return nil
}

func (u *upload) takeFile(r io.Reader) error {
	f, err := os.Create(u.it.file)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(f, r)
	return err
}

// putGrain writes into the new disk, which takes space as it fills if it is
// thin.
func (u *upload) putGrain(off int64, p []byte) error {
	d := u.it.disk
	if !d.spec.Thick {
		u.h.mu.Lock()
		ok := u.l.open() && u.h.take(u.l.vm.at.ds, int64(len(p)))
		if ok {
			d.taken += int64(len(p))
		}
		u.h.mu.Unlock()
		if !ok {
			return errSpace
		}
	}
	u.wrote += int64(len(p))
	_, err := d.raw.f.WriteAt(p, off)
	return err
}

// done settles what became of the upload.
func (u *upload) done(err error) {
	end := fields{"bytes": u.got, "complete": err == nil, "sha256": hex.EncodeToString(u.two.Sum(nil)), "stored": ""}
	if u.kept != nil {
		end["stored"], _ = filepath.Abs(u.kept.Name())
	}
	status := http.StatusOK
	if u.r.Method == http.MethodPut {
		status = http.StatusCreated
	}
	var wrong *errStream
	cut := ""
	switch {
	case err == nil:
		u.arrived()
	case errors.Is(err, errLease) || u.over():
		cut = "lease"
	case errors.Is(err, errReset):
		cut = "reset"
		u.failLease("The transfer of %s was interrupted.", &types.FileFault{})
	case errors.Is(err, errCut):
		cut = "client"
		u.failLease("The transfer of %s was interrupted.", &types.FileFault{})
	case errors.Is(err, errSpace):
		cut = "space"
		u.h.mu.Lock()
		if u.l.open() {
			u.l.fail(noSpace(u.l.vm.at.ds))
		}
		u.h.mu.Unlock()
	case errors.As(err, &wrong):
		end["reason"], status = wrong.Error(), http.StatusInternalServerError
		u.failLease(wrong.Error()+": %s", &types.FileFault{})
	default:
		end["reason"], status = err.Error(), http.StatusInternalServerError
		u.failLease(err.Error()+": %s", &types.FileFault{})
	}
	if cut != "" {
		end["cut"] = cut
	} else {
		end["status"] = status
	}
	u.log("nfc-end", end)
	switch cut {
	case "":
		if err != nil {
			http.Error(u.w, fmt.Sprint(end["reason"]), status)
			return
		}
		u.w.WriteHeader(status)
	case "reset":
		closeConnection(u.w, true)
	default:
		// A host whose lease or space is gone just closes.
		closeConnection(u.w, false)
	}
}

// over tells whether the lease ended meanwhile.
func (u *upload) over() bool {
	select {
	case <-u.l.closed:
		return true
	default:
		return false
	}
}

func (u *upload) failLease(format string, f *types.FileFault) {
	u.h.mu.Lock()
	defer u.h.mu.Unlock()
	f.File = u.l.vm.path(u.it.target)
	if u.l.open() {
		u.l.fail(&vimFault{fmt.Sprintf(format, f.File), f})
	}
}

// arrived makes a good upload part of the VM.
func (u *upload) arrived() {
	u.h.mu.Lock()
	defer u.h.mu.Unlock()
	u.it.sent, u.it.whole = u.got, true
	if u.it.isDisk {
		d := u.it.disk.raw
		d.mu.Lock()
		d.gen++
		if st, err := d.f.Stat(); err == nil {
			d.mtime = st.ModTime()
		}
		d.mu.Unlock()
	}
	if u.l.open() {
		u.l.rekey()
		u.l.vm.refresh()
	}
}

// tap is the body with what the plan does to it; it keeps and hashes what
// passes.
type tap struct {
	u *upload
	r io.Reader
}

func (t *tap) Read(p []byte) (int, error) {
	u := t.u
	if err := u.pause(); err != nil {
		return 0, err
	}
	for _, at := range []int64{u.plan.resetAt, u.plan.stallAt, u.plan.expireAt, u.plan.errorAt} {
		if at > u.got && at-u.got < int64(len(p)) {
			p = p[:at-u.got]
		}
	}
	if u.plan.rate > 0 && int64(len(p)) > u.plan.rate/20+1 {
		p = p[:u.plan.rate/20+1]
	}
	n, err := t.r.Read(p)
	if n > 0 {
		kept := p[:n]
		if at := u.plan.flipAt - u.got; at >= 0 && at < int64(n) {
			kept = append([]byte(nil), kept...)
			kept[at] ^= 0x10
		}
		u.one.Write(kept)
		u.two.Write(kept)
		if _, err := u.kept.Write(kept); err != nil {
			return 0, err
		}
		u.got += int64(n)
	}
	return n, err
}

// pause does what is planned for the place that the transfer is at.
func (u *upload) pause() error {
	p := &u.plan
	hit := func(at *int64) bool {
		if *at < 0 || u.got < *at {
			return false
		}
		*at = -1
		return true
	}
	if hit(&p.expireAt) {
		u.h.mu.Lock()
		u.h.expireAll("fault")
		u.h.mu.Unlock()
	}
	if hit(&p.errorAt) {
		u.h.mu.Lock()
		if u.l.open() {
			u.l.fail(p.leaseError)
		}
		u.h.mu.Unlock()
		return errLease
	}
	if hit(&p.resetAt) {
		return errReset
	}
	wait := time.Duration(0)
	if hit(&p.stallAt) {
		wait = p.stall
	}
	if p.rate > 0 {
		wait += time.Until(u.start.Add(time.Duration(float64(u.got) / float64(p.rate) * float64(time.Second))))
	}
	if wait <= 0 {
		return nil
	}
	select {
	case <-u.l.closed:
		return errLease
	case <-time.After(wait):
		return nil
	}
}

// uploads lists what came into a VM, for GET /state.
func (l *lease) uploads() []fields {
	out := []fields{}
	for _, it := range l.items {
		if it.came != nil {
			file, _ := filepath.Abs(it.came.file)
			out = append(out, fields{"file": it.target, "key": it.finalKey, "import_key": it.importKey, "disk": it.n,
				"bytes": it.came.size, "sha256": it.came.sums.sha256, "sha1": it.came.sums.sha1,
				"stored": file})
		}
	}
	return out
}
