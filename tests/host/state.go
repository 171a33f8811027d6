package main

import (
	"net/http"
)

// ctlState is what a test asks afterwards: is anything left behind?
func (h *Host) ctlState(*http.Request) (interface{}, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	vms := []fields{}
	for _, v := range h.vms {
		vms = append(vms, v.state())
	}
	return fields{"vms": vms, "leases": h.openLeases(), "sessions": h.aliveSessions(),
		"tasks": h.runningTasks()}, nil
}

func (v *vm) state() fields {
	disks := []fields{}
	for _, d := range v.disks {
		disks = append(disks, fields{"label": d.spec.Label, "file": d.live(), "chain": len(d.chain),
			"key": d.key, "change_id": d.changeID(), "source": d.raw.path})
	}
	return fields{"name": v.spec.Name, "id": v.ref.Value, "on": v.on, "folder": v.spec.Folder,
		"snapshots": snapshotState(v.roots), "disks": disks, "consolidation_needed": v.consolidate,
		"uuid": v.spec.UUID, "instance_uuid": v.spec.InstanceUUID}
}

func snapshotState(list []*snapshot) []fields {
	out := []fields{}
	for _, s := range list {
		out = append(out, fields{"name": s.name, "description": s.description, "id": s.ref.Value,
			"quiesced": s.quiesced, "children": snapshotState(s.children)})
	}
	return out
}

func (h *Host) openLeases() []fields {
	out := []fields{}
	for _, l := range h.leases {
		if l.open() {
			out = append(out, fields{"lease": l.mo.Self.Value, "vm": l.vm.spec.Name, "state": l.mo.State})
		}
	}
	return out
}

func (h *Host) aliveSessions() []fields {
	out := []fields{}
	for _, s := range h.sessions {
		if !s.expired {
			out = append(out, fields{"session": s.n, "user": s.user.UserName, "agent": s.user.UserAgent})
		}
	}
	return out
}

func (h *Host) runningTasks() []fields {
	out := []fields{}
	for _, t := range h.tasks {
		if !t.ended() {
			out = append(out, fields{"task": t.mo.Self.Value, "method": t.method, "vm": t.vmName,
				"state": t.mo.Info.State})
		}
	}
	return out
}
