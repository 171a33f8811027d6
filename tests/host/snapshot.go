package main

import (
	"fmt"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// snapshot is one of a VM.  It holds the content its disks had.
type snapshot struct {
	ref         types.ManagedObjectReference
	id          int32
	name        string // plain
	description string
	created     time.Time
	state       types.VirtualMachinePowerState
	quiesced    bool
	file        string
	parent      *snapshot
	children    []*snapshot
	files       map[*vmDisk]*snapFile
	mo          *mo.VirtualMachineSnapshot
}

// snapFile is a disk as a snapshot sees it.
type snapFile struct {
	content  *frozen
	chain    []string
	changeID string
}

func (v *vm) eachSnapshot(f func(s *snapshot)) {
	var walk func(list []*snapshot)
	walk = func(list []*snapshot) {
		for _, s := range list {
			f(s)
			walk(s.children)
		}
	}
	walk(v.roots)
}

func (v *vm) snapshot(ref types.ManagedObjectReference) *snapshot {
	var found *snapshot
	v.eachSnapshot(func(s *snapshot) {
		if s.ref == ref {
			found = s
		}
	})
	return found
}

// startSnapshots makes those of the spec; the last one is the current one.
func (v *vm) startSnapshots(specs []snapSpec, parent *snapshot) {
	for _, spec := range specs {
		v.current = parent
		s := v.addSnapshot(spec.Name, spec.Description, false)
		s.created = s.created.Add(-24 * time.Hour)
		v.startSnapshots(spec.Children, s)
	}
}

// addSnapshot freezes the disks and moves the VM to new delta files.
func (v *vm) addSnapshot(name, description string, quiesced bool) *snapshot {
	v.nextSnap++
	s := &snapshot{id: v.nextSnap, name: name, description: description, created: now(),
		state: v.power(), quiesced: quiesced, parent: v.current,
		file:  fmt.Sprintf("%s-Snapshot%d.vmsn", v.dir, v.nextSnap),
		files: make(map[*vmDisk]*snapFile)}
	s.ref = types.ManagedObjectReference{Type: "VirtualMachineSnapshot",
		Value: fmt.Sprintf("%s-snapshot-%d", v.ref.Value, s.id)}
	if v.h.vc {
		s.ref.Value = fmt.Sprintf("snapshot-%d", v.h.id())
	}
	for _, d := range v.disks {
		if !d.spec.inSnapshot() {
			continue
		}
		s.files[d] = &snapFile{content: d.raw.freeze(),
			chain: append([]string(nil), d.chain...), changeID: d.changeID()}
		d.chain = append(d.chain, v.deltaFile(d))
		d.changeSeq++
	}
	if s.parent == nil {
		v.roots = append(v.roots, s)
	} else {
		s.parent.children = append(s.parent.children, s)
	}
	v.current = s
	s.mo = &mo.VirtualMachineSnapshot{Vm: v.ref, Config: *v.config(s)}
	s.mo.Self = s.ref
	simulator.Map.Put(s.mo)
	v.h.log.add("snapshot-created", fields{"vm": v.spec.Name, "vm_id": v.ref.Value, "snapshot": s.ref.Value,
		"name": name, "description": description, "quiesced": quiesced})
	return s
}

// deltaFile names the next delta of a disk: NAME-000001.vmdk and so on.
func (v *vm) deltaFile(d *vmDisk) string {
	stem := d.chain[0][:len(d.chain[0])-len(".vmdk")]
	for n := 1; ; n++ {
		name := fmt.Sprintf("%s-%06d.vmdk", stem, n)
		if !v.inUse(d, name) {
			return name
		}
	}
}

func (v *vm) inUse(d *vmDisk, name string) bool {
	used := false
	look := func(chain []string) {
		for _, f := range chain {
			used = used || f == name
		}
	}
	look(d.chain)
	v.eachSnapshot(func(s *snapshot) {
		if f, ok := s.files[d]; ok {
			look(f.chain)
		}
	})
	return used
}

// dropSnapshot takes one snapshot out of the tree; its children move up.
// consolidate false leaves the delta files behind.
func (v *vm) dropSnapshot(s *snapshot, consolidate bool) {
	list := &v.roots
	if s.parent != nil {
		list = &s.parent.children
	}
	for i, o := range *list {
		if o == s {
			rest := append([]*snapshot(nil), (*list)[i+1:]...)
			*list = append(append((*list)[:i:i], s.children...), rest...)
			break
		}
	}
	for _, kid := range s.children {
		kid.parent = s.parent
	}
	if v.current == s {
		v.current = s.parent
	}
	for d, f := range s.files {
		switch {
		case consolidate:
			v.mergeDelta(d, f)
		case len(f.chain) == 1:
			d.keepBase(f.content.hold())
			fallthrough
		default:
			v.consolidate = true
		}
		f.content.release()
	}
	simulator.Map.Remove(s.ref)
	v.h.log.add("snapshot-removed", fields{"vm": v.spec.Name, "vm_id": v.ref.Value,
		"snapshot": s.ref.Value, "name": s.name, "consolidated": consolidate})
}

// mergeDelta folds the file after the snapshot's own into it.
func (v *vm) mergeDelta(d *vmDisk, f *snapFile) {
	at := len(f.chain)
	cut := func(chain []string) []string {
		if len(chain) <= at || chain[at-1] != f.chain[at-1] {
			return chain
		}
		return append(append([]string(nil), chain[:at]...), chain[at+1:]...)
	}
	d.chain = cut(d.chain)
	if len(d.chain) == 1 {
		d.keepBase(nil)
	}
	v.eachSnapshot(func(s *snapshot) {
		if o, ok := s.files[d]; ok {
			o.chain = cut(o.chain)
		}
	})
}

// refreshSnapshots rewrites the snapshots' own configs after files changed.
func (v *vm) refreshSnapshots() {
	v.eachSnapshot(func(s *snapshot) {
		s.mo.Config = *v.config(s)
		s.mo.ChildSnapshot = nil
		for _, kid := range s.children {
			s.mo.ChildSnapshot = append(s.mo.ChildSnapshot, kid.ref)
		}
	})
}

func (v *vm) snapshotInfo() (*types.VirtualMachineSnapshotInfo, []types.ManagedObjectReference) {
	if len(v.roots) == 0 {
		return nil, nil
	}
	v.refreshSnapshots()
	var tree func(list []*snapshot) []types.VirtualMachineSnapshotTree
	tree = func(list []*snapshot) []types.VirtualMachineSnapshotTree {
		var out []types.VirtualMachineSnapshotTree
		for _, s := range list {
			out = append(out, types.VirtualMachineSnapshotTree{Snapshot: s.ref, Vm: v.ref,
				Name: escapeName(s.name), Description: s.description, Id: s.id, CreateTime: s.created,
				State: s.state, Quiesced: s.quiesced, ChildSnapshotList: tree(s.children),
				ReplaySupported: types.NewBool(false)})
		}
		return out
	}
	info := &types.VirtualMachineSnapshotInfo{RootSnapshotList: tree(v.roots)}
	if v.current != nil {
		info.CurrentSnapshot = &v.current.ref
	}
	var roots []types.ManagedObjectReference
	for _, s := range v.roots {
		roots = append(roots, s.ref)
	}
	return info, roots
}

// mayChange refuses what does not go together with what runs already.
func (v *vm) mayChange() error {
	switch {
	case v.busy != nil:
		return taskInProgress(v.busy.mo.Self)
	case v.export != nil:
		return taskInProgress(v.export.task.mo.Self)
	}
	return nil
}

func (h *Host) createSnapshot(c *call) (interface{}, error) {
	req := c.body.(*types.CreateSnapshot_Task)
	ref, err := h.snapshotTask(c, req.Name, req.Description, req.Memory, req.Quiesce)
	return &types.CreateSnapshot_TaskResponse{Returnval: ref}, err
}

func (h *Host) createSnapshotEx(c *call) (interface{}, error) {
	req := c.body.(*types.CreateSnapshotEx_Task)
	ref, err := h.snapshotTask(c, req.Name, req.Description, req.Memory, req.QuiesceSpec != nil)
	return &types.CreateSnapshotEx_TaskResponse{Returnval: ref}, err
}

func (h *Host) snapshotTask(c *call, name, description string, memory, quiesce bool) (types.ManagedObjectReference, error) {
	v := h.vmOf(c.this)
	var none types.ManagedObjectReference
	if v.spec.Template {
		return none, notSupported()
	}
	if name == "" {
		return none, &vimFault{"The name '' is invalid.", &types.InvalidName{Name: name}}
	}
	if err := v.mayChange(); err != nil {
		return none, err
	}
	t := h.startTask(c, "createSnapshot", v.ref, true, func() (interface{}, *vimFault) {
		q := quiesce && v.toolsOK()
		if h.faults.fire("not-quiesced", noDisk(c.method, v.spec.Name)) != nil {
			q = false
		}
		s := v.addSnapshot(unescapeName(name), description, q)
		v.refresh()
		return s.ref, nil
	})
	v.hold(t)
	return t.mo.Self, nil
}

// hold keeps other snapshot work off the VM until the task ends.
func (v *vm) hold(t *task) {
	v.busy = t
	t.after = func() {
		if v.busy == t {
			v.busy = nil
		}
	}
}

func (h *Host) removeSnapshot(c *call) (interface{}, error) {
	req := c.body.(*types.RemoveSnapshot_Task)
	v := h.vmOf(c.this)
	s := v.snapshot(c.this)
	if err := v.mayChange(); err != nil {
		return nil, err
	}
	consolidate := req.Consolidate == nil || *req.Consolidate
	t := h.startTask(c, "removeSnapshot", v.ref, false, func() (interface{}, *vimFault) {
		if f := h.removalFault(c, v); f != nil {
			return nil, f
		}
		if v.exporting(s) {
			return nil, &vimFault{"Unable to access file " + s.file + " since it is locked", &types.FileLocked{
				FileFault: types.FileFault{File: v.path(s.file)}}}
		}
		if req.RemoveChildren {
			v.dropTree(s, consolidate)
		} else {
			v.dropSnapshot(s, consolidate)
		}
		h.leaveBehind(c, v)
		v.refresh()
		return nil, nil
	})
	v.hold(t)
	return &types.RemoveSnapshot_TaskResponse{Returnval: t.mo.Self}, nil
}

func (v *vm) dropTree(s *snapshot, consolidate bool) {
	for len(s.children) > 0 {
		v.dropTree(s.children[len(s.children)-1], consolidate)
	}
	v.dropSnapshot(s, consolidate)
}

func (h *Host) removalFault(c *call, v *vm) *vimFault {
	if f := h.faults.fire("snapshot-remove-error", noDisk(c.method, v.spec.Name)); f != nil {
		return f.asked("FileLocked", "Unable to access file since it is locked")
	}
	return nil
}

// leaveBehind plays a removal that ends well but leaves delta files.
func (h *Host) leaveBehind(c *call, v *vm) {
	if h.faults.fire("consolidation-needed", noDisk(c.method, v.spec.Name)) != nil {
		v.consolidate = true
		for _, d := range v.disks {
			if d.spec.inSnapshot() && len(d.chain) == 1 {
				d.chain = append(d.chain, v.deltaFile(d))
				d.keepBase(d.raw.freeze())
			}
		}
	}
}

func (h *Host) removeAllSnapshots(c *call) (interface{}, error) {
	req := c.body.(*types.RemoveAllSnapshots_Task)
	v := h.vmOf(c.this)
	if err := v.mayChange(); err != nil {
		return nil, err
	}
	consolidate := req.Consolidate == nil || *req.Consolidate
	t := h.startTask(c, "removeAllSnapshots", v.ref, false, func() (interface{}, *vimFault) {
		if f := h.removalFault(c, v); f != nil {
			return nil, f
		}
		for len(v.roots) > 0 {
			v.dropTree(v.roots[0], consolidate)
		}
		h.leaveBehind(c, v)
		v.refresh()
		return nil, nil
	})
	v.hold(t)
	return &types.RemoveAllSnapshots_TaskResponse{Returnval: t.mo.Self}, nil
}

// consolidate removes delta files that no snapshot needs.
func (h *Host) consolidate(c *call) (interface{}, error) {
	v := h.vmOf(c.this)
	if err := v.mayChange(); err != nil {
		return nil, err
	}
	t := h.startTask(c, "consolidateDisks", v.ref, false, func() (interface{}, *vimFault) {
		v.consolidate = false
		for _, d := range v.disks {
			v.trimChain(d)
		}
		v.refresh()
		return nil, nil
	})
	v.hold(t)
	return &types.ConsolidateVMDisks_TaskResponse{Returnval: t.mo.Self}, nil
}

// trimChain keeps as many files as the current snapshots need.
func (v *vm) trimChain(d *vmDisk) {
	need := 1
	if v.current != nil {
		if f, ok := v.current.files[d]; ok {
			need = len(f.chain) + 1
		}
	}
	if len(d.chain) > need {
		d.chain = d.chain[:need]
	}
	if len(d.chain) == 1 {
		d.keepBase(nil)
	}
}
