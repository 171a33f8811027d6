package main

import (
	"net/http"

	"github.com/vmware/govmomi/simulator"
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
			"key": d.key, "controller": d.spec.Controller, "unit": d.unit, "thick": d.spec.Thick,
			"eager": d.spec.Scrub, "size": d.raw.size, "change_id": d.changeID(), "source": d.raw.path})
	}
	nics := []fields{}
	for _, n := range v.nics {
		nics = append(nics, fields{"network": n.networkName(), "type": n.kind, "mac": n.mac, "address_type": n.addressType,
			"start_connected": n.startConnected, "connected": n.connected, "key": n.key})
	}
	return fields{"name": v.spec.Name, "id": v.ref.Value, "on": v.on, "folder": folderPath(v.at.folder),
		"nics": nics, "firmware": v.spec.Firmware, "hardware": v.spec.HW, "cpus": v.spec.CPUs, "memory_mb": v.spec.MemoryMB,
		"extra_config": v.spec.ExtraConfig, "nvram": v.spec.NVRAM, "annotation": v.spec.Description,
		"datastore": v.at.ds.Name, "host": v.at.host.Self.Value, "pool": v.at.pool.Value, "properties": v.properties,
		"uploads": v.uploads, "busy": v.export != nil || v.busy != nil,
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
			out = append(out, fields{"lease": l.mo.Self.Value, "vm": l.vm.spec.Name, "state": l.mo.State, "import": l.imp != nil})
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

// folderPath is a folder of VMs as the spec writes it: "web/front".
func folderPath(f *simulator.Folder) string {
	path := ""
	for ; f != nil && f.Parent != nil && f.Parent.Type == "Folder"; f, _ = simulator.Map.Get(*f.Parent).(*simulator.Folder) {
		path = "/" + unescapeName(f.Name) + path
	}
	if path == "" {
		return ""
	}
	return path[1:]
}
