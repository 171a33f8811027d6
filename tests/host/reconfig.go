package main

import (
	"fmt"

	"github.com/vmware/govmomi/vim25/types"
)

// reconfigVM changes what a backup tool may want to change; hardware stays.
func (h *Host) reconfigVM(c *call) (interface{}, error) {
	spec := c.body.(*types.ReconfigVM_Task).Spec
	v := h.vmOf(c.this)
	switch {
	case len(spec.DeviceChange) > 0 || spec.NumCPUs != 0 || spec.MemoryMB != 0:
		return nil, notSupported()
	case v.busy != nil:
		return nil, taskInProgress(v.busy.mo.Self)
	case v.export != nil:
		return nil, taskInProgress(v.export.task.mo.Self)
	}
	t := h.startTask(c, "reconfigure", v.ref, false, func() (interface{}, *vimFault) {
		v.reconfigure(&spec)
		return nil, nil
	})
	return &types.ReconfigVM_TaskResponse{Returnval: t.mo.Self}, nil
}

func (v *vm) reconfigure(spec *types.VirtualMachineConfigSpec) {
	if spec.Name != "" {
		v.spec.Name = unescapeName(spec.Name)
		v.mo.Name = escapeName(v.spec.Name)
	}
	if spec.Annotation != "" {
		v.spec.Description = spec.Annotation
	}
	if spec.ChangeTrackingEnabled != nil {
		v.spec.CBT = *spec.ChangeTrackingEnabled
	}
	if v.spec.ExtraConfig == nil {
		v.spec.ExtraConfig = make(map[string]string)
	}
	for _, o := range spec.ExtraConfig {
		val := o.GetOptionValue()
		if text := fmt.Sprint(val.Value); text != "" {
			v.spec.ExtraConfig[val.Key] = text
		} else {
			delete(v.spec.ExtraConfig, val.Key)
		}
	}
	v.refresh()
}
