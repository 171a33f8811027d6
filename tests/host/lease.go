package main

import (
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// lease is an HttpNfcLease for an export or an import.  It belongs to no session: when its
// client dies, it lives on until its time is over, and blocks the VM.
type lease struct {
	h      *Host
	mo     *mo.HttpNfcLease
	vm     *vm
	snap   *snapshot  // nil: ExportVm or an import
	imp    *importJob // nil: an export
	ticket string     // the secret in its URLs
	items  []*leaseItem
	last   time.Time // when the client last reported progress
	closed chan struct{}
	task   *task // of an ExportVm or an import
}

func (h *Host) newLease(c *call, v *vm, s *snapshot) (*lease, error) {
	l := h.startLease(c, v, s, v.items(s))
	go l.live()
	return l, nil
}

func (h *Host) startLease(c *call, v *vm, s *snapshot, items []*leaseItem) *lease {
	l := &lease{h: h, vm: v, snap: s, ticket: randomUUID(), closed: make(chan struct{}),
		mo: &mo.HttpNfcLease{State: types.HttpNfcLeaseStateInitializing}}
	l.mo.Self = types.ManagedObjectReference{Type: "HttpNfcLease", Value: randomUUID()}
	if h.vc {
		l.mo.Self.Value = "session[" + c.ses.user.Key + "]" + l.mo.Self.Value
	}
	l.mo.Mode = "pushOrGet"
	l.mo.Capabilities = types.HttpNfcLeaseCapabilities{PullModeSupported: true, CorsSupported: true}
	l.items = items
	h.leases[l.mo.Self] = l
	simulator.Map.Put(l.mo)
	l.log(nil)
	return l
}

func (l *lease) log(extra fields) {
	f := fields{"lease": l.mo.Self.Value, "vm": l.vm.spec.Name, "vm_id": l.vm.ref.Value, "state": l.mo.State}
	if l.imp != nil {
		f["import"] = true
	}
	if l.snap != nil {
		f["snapshot"] = l.snap.ref.Value
	}
	for k, v := range extra {
		f[k] = v
	}
	l.h.log.add("lease", f)
}

func (l *lease) open() bool {
	return l.mo.State == types.HttpNfcLeaseStateInitializing || l.mo.State == types.HttpNfcLeaseStateReady
}

// live takes the lease to ready and then watches its time.
func (l *lease) live() {
	o := noDisk("", l.vm.spec.Name)
	for _, percent := range []int32{10, 50, 90} {
		time.Sleep(l.h.cfg.leaseInit / 3)
		l.h.mu.Lock()
		l.mo.InitializeProgress = percent
		over := !l.open()
		l.h.mu.Unlock()
		if over {
			return
		}
	}
	if l.h.faults.fire("lease-never-ready", o) != nil {
		<-l.closed
		return
	}
	f := l.h.faults.fire("lease-error", o)
	l.h.mu.Lock()
	switch {
	case !l.open():
	case f != nil:
		l.fail(f.asked("FileFault", "Unable to access the virtual machine's files."))
	case l.imp != nil:
		if f := l.create(); f != nil {
			l.fail(f)
			break
		}
		l.ready()
	default:
		l.ready()
	}
	l.h.mu.Unlock()
	l.watch()
}

func (l *lease) ready() {
	l.mo.InitializeProgress = 100
	l.mo.Info = l.info()
	l.mo.State = types.HttpNfcLeaseStateReady
	l.last = time.Now()
	l.log(nil)
}

func (l *lease) watch() {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-l.closed:
			return
		case <-tick.C:
		}
		l.h.mu.Lock()
		if l.open() && time.Since(l.last) > l.h.cfg.leaseTimeout {
			l.fail(&vimFault{"The lease timed out: no progress was reported in time.", &types.Timedout{}})
		}
		l.h.mu.Unlock()
	}
}

func (l *lease) fail(f *vimFault) {
	l.mo.Error = f.localized()
	l.end(types.HttpNfcLeaseStateError, fields{"fault": f.kind(), "message": f.msg})
}

// end closes the lease: transfers stop, the VM is free again.
func (l *lease) end(state types.HttpNfcLeaseState, extra fields) {
	l.mo.State = state
	close(l.closed)
	for _, it := range l.items {
		if it.content != nil {
			it.content.release()
		}
	}
	if l.vm.export == l {
		l.vm.export = nil
	}
	if l.imp != nil && state == types.HttpNfcLeaseStateError {
		l.undo()
	}
	if l.task != nil && !l.task.ended() {
		var f *vimFault
		if l.mo.Error != nil {
			f = &vimFault{l.mo.Error.LocalizedMessage, l.mo.Error.Fault}
		}
		l.task.finish(nil, f)
	}
	l.log(extra)
}

// leaseOf gives the call's lease if it is ready.
func (h *Host) leaseOf(c *call) (*lease, error) {
	l := h.leases[c.this]
	switch {
	case l == nil:
		return nil, objectNotFound(c.this)
	case l.mo.State == types.HttpNfcLeaseStateError && l.mo.Error != nil:
		if _, ok := l.mo.Error.Fault.(*types.Timedout); ok {
			return nil, &vimFault{"Operation timed out.", &types.Timedout{}}
		}
		return nil, invalidState()
	case l.mo.State != types.HttpNfcLeaseStateReady:
		return nil, invalidState()
	}
	return l, nil
}

func (h *Host) leaseProgress(c *call) (interface{}, error) {
	l, err := h.leaseOf(c)
	if err != nil {
		return nil, err
	}
	req := c.body.(*types.HttpNfcLeaseProgress)
	if req.Percent < 0 || req.Percent > 100 {
		return nil, invalidArgument("percent")
	}
	l.last = time.Now()
	l.mo.TransferProgress = req.Percent
	h.log.add("lease-progress", fields{"lease": l.mo.Self.Value, "vm": l.vm.spec.Name, "percent": req.Percent})
	return &types.HttpNfcLeaseProgressResponse{}, nil
}

func (h *Host) leaseComplete(c *call) (interface{}, error) {
	l, err := h.leaseOf(c)
	if err != nil {
		return nil, err
	}
	if l.imp != nil {
		if !l.arrived() {
			return nil, invalidState()
		}
		l.vm.uploads = l.uploads()
		l.vm.refresh()
	}
	l.end(types.HttpNfcLeaseStateDone, fields{"by": "complete"})
	return &types.HttpNfcLeaseCompleteResponse{}, nil
}

func (h *Host) leaseAbort(c *call) (interface{}, error) {
	l := h.leases[c.this]
	if l == nil {
		return nil, objectNotFound(c.this)
	}
	if !l.open() {
		return nil, invalidState()
	}
	extra := fields{"by": "abort"}
	if f := c.body.(*types.HttpNfcLeaseAbort).Fault; f != nil {
		extra["message"] = f.LocalizedMessage
		l.mo.Error = f
	}
	l.end(types.HttpNfcLeaseStateError, extra)
	return &types.HttpNfcLeaseAbortResponse{}, nil
}

// exporting tells whether an open lease reads this snapshot.
func (v *vm) exporting(s *snapshot) bool {
	for _, l := range v.h.leases {
		if l.snap == s && l.open() {
			return true
		}
	}
	return false
}
