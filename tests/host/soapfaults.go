package main

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

// transportFault does what an armed fault asks before the method runs; true
// when the reply is settled with that.
func (h *Host) transportFault(w http.ResponseWriter, c *call) bool {
	o := noDisk(c.method, h.vmName(c.this))
	if f := h.faults.fire("delay", o); f != nil {
		time.Sleep(time.Duration(f.MS) * time.Millisecond)
	}
	if h.faults.fire("drop", o) != nil {
		resetConnection(w)
		return true
	}
	if f := h.faults.fire("http", o); f != nil {
		status := f.Status
		if status == 0 {
			status = http.StatusServiceUnavailable
		}
		http.Error(w, http.StatusText(status), status)
		return true
	}
	return false
}

func (h *Host) garbled(c *call) bool {
	return c.method != "" && h.faults.fire("garbage", noDisk(c.method, "")) != nil
}

// vmName finds the VM a call concerns, for faults armed for one VM.
func (h *Host) vmName(ref types.ManagedObjectReference) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.vmNameLocked(ref)
}

func (h *Host) vmNameLocked(ref types.ManagedObjectReference) string {
	if v := h.vmOf(ref); v != nil {
		return v.spec.Name
	}
	return ""
}

// methodFault gives the fault that an armed one puts in a method's place.
func (h *Host) methodFault(c *call) *vimFault {
	o := noDisk(c.method, h.vmNameLocked(c.this))
	if f := h.faults.fire("fault", o); f != nil {
		return f.asked("RuntimeFault", "A general system error occurred: pretended")
	}
	if writeCalls[c.method] {
		f := h.faults.fire("restricted", o)
		if f == nil && h.free {
			f = &armedFault{}
		}
		if f != nil {
			return f.asked("RestrictedVersion",
				"Current license or ESXi version prohibits execution of the requested operation.")
		}
	}
	if f := h.mayCall(c); f != nil {
		return f
	}
	if c.method != "Login" && c.method != "Logout" && c.method != "RetrieveServiceContent" {
		if f := h.faults.fire("no-permission", o); f != nil {
			privilege := f.What
			if privilege == "" {
				privilege = "VApp.Export"
			}
			return &vimFault{"Permission to perform this operation was denied.",
				&types.NoPermission{Object: c.this, PrivilegeId: privilege}}
		}
	}
	return nil
}

// writeCalls are what a free licence refuses.
var writeCalls = map[string]bool{
	"ExportVm": true, "ExportSnapshot": true, "ImportVApp": true,
	"CreateSnapshot_Task": true, "CreateSnapshotEx_Task": true,
	"RemoveSnapshot_Task": true, "RemoveAllSnapshots_Task": true,
	"ConsolidateVMDisks_Task": true, "PowerOnVM_Task": true,
	"PowerOffVM_Task": true, "ReconfigVM_Task": true,
	"Destroy_Task": true, "Rename_Task": true, "AnswerVM": true,
}

// resetConnection ends the connection the hard way: the client sees a reset.
func resetConnection(w http.ResponseWriter) { closeConnection(w, true) }

// closeConnection ends it without an answer.
func closeConnection(w http.ResponseWriter, reset bool) {
	hj, ok := w.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	conn, _, err := hj.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	if t, ok := conn.(*net.TCPConn); ok && reset {
		_ = t.SetLinger(0)
	}
	_ = conn.Close()
}
