package main

import (
	"fmt"
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

func wrongPower(wanted, have types.VirtualMachinePowerState) *vimFault {
	text := map[types.VirtualMachinePowerState]string{
		types.VirtualMachinePowerStatePoweredOn:  "Powered on",
		types.VirtualMachinePowerStatePoweredOff: "Powered off",
	}
	return &vimFault{"The attempted operation cannot be performed in the current state (" + text[have] + ").",
		&types.InvalidPowerState{RequestedState: wanted, ExistingState: have}}
}

// setPower is the end of a power operation.
func (v *vm) setPower(on bool) {
	v.on = on
	v.starts++
	if on {
		v.boot = now()
		v.noTools = v.h.faults.fire("tools-never", noDisk("", v.spec.Name)) != nil
		v.later(v.h.cfg.toolsAfter, v.refresh)
		v.later(2*v.h.cfg.toolsAfter, v.refresh)
		if f := v.h.faults.fire("guest-off", noDisk("", v.spec.Name)); f != nil {
			v.later(time.Duration(f.MS)*time.Millisecond, func() { v.setPower(false) })
		}
	}
	v.h.log.add("power", fields{"vm": v.spec.Name, "vm_id": v.ref.Value, "on": on})
	v.refresh()
}

// later does something after a while, if the VM still runs as it does now.
func (v *vm) later(d time.Duration, f func()) {
	start := v.starts
	time.AfterFunc(d+time.Millisecond, func() {
		v.h.mu.Lock()
		defer v.h.mu.Unlock()
		if v.starts == start && !v.h.over {
			f()
		}
	})
}

// upFor tells whether the guest has been running for so long.
func (v *vm) upFor(d time.Duration) bool { return v.on && time.Since(v.boot) >= d }

// address is what the guest's tools report: there is none without a network.
func (v *vm) address() string {
	if !v.toolsOK() || !v.upFor(2*v.h.cfg.toolsAfter) {
		return ""
	}
	for i, n := range v.nics {
		if n.connected {
			return fmt.Sprintf("192.0.2.%d", contentCID(v.spec.UUID, i)%250+1)
		}
	}
	return ""
}

func (h *Host) powerTask(c *call, what string, on bool) (types.ManagedObjectReference, error) {
	v := h.vmOf(c.this)
	var none types.ManagedObjectReference
	wanted := types.VirtualMachinePowerStatePoweredOff
	if on {
		wanted = types.VirtualMachinePowerStatePoweredOn
	}
	switch {
	case v.spec.Template:
		return none, notSupported()
	case v.on == on:
		return none, wrongPower(wanted, v.power())
	case v.export != nil:
		return none, taskInProgress(v.export.task.mo.Self)
	case on && v.at.host.Runtime.InMaintenanceMode:
		return none, &vimFault{"The operation is not allowed in the current state of the host.", &types.InvalidState{}}
	}
	moved := on && h.faults.fire("question", noDisk(c.method, v.spec.Name)) != nil
	var q *question
	t := h.newTask(c, what, v.ref, false)
	t.blocked = func() bool {
		if moved {
			v.askMoved()
			moved, q = false, v.asked
		}
		return q != nil && q.answer == ""
	}
	go t.live(func() (interface{}, *vimFault) {
		if q != nil && q.answer == "0" {
			return nil, &vimFault{"The operation was cancelled by the user.", &types.GenericVmConfigFault{Reason: "msg.uuid.altered"}}
		}
		if mac := v.impermissible(); on && mac != "" {
			return nil, &vimFault{"Impermissible static Ethernet address: '" + mac + "'. It conflicts with VMware reserved MACs.",
				&types.GenericVmConfigFault{Reason: "msg.ethernet.macAddress"}}
		}
		v.setPower(on)
		return nil, nil
	})
	return t.mo.Self, nil
}

func (h *Host) powerOn(c *call) (interface{}, error) {
	ref, err := h.powerTask(c, "powerOn", true)
	return &types.PowerOnVM_TaskResponse{Returnval: ref}, err
}

func (h *Host) powerOff(c *call) (interface{}, error) {
	ref, err := h.powerTask(c, "powerOff", false)
	return &types.PowerOffVM_TaskResponse{Returnval: ref}, err
}
