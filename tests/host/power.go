package main

import (
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
	if on {
		v.boot = now()
	}
	v.h.log.add("power", fields{"vm": v.spec.Name, "vm_id": v.ref.Value, "on": on})
	v.refresh()
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
	}
	t := h.startTask(c, what, v.ref, false, func() (interface{}, *vimFault) {
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
