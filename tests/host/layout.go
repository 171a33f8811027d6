package main

import "github.com/vmware/govmomi/vim25/types"

// layoutEx lists the VM's files with their sizes.
func (v *vm) layoutEx() *types.VirtualMachineFileLayoutEx {
	l := &types.VirtualMachineFileLayoutEx{Timestamp: now()}
	keys := make(map[string]int32)
	for _, f := range v.files() {
		size, unique := f.size, f.size
		switch {
		case f.kind == "swap":
			unique = 0
		case f.kind == "diskExtent" && f.size != deltaSize:
			if size = v.disks[f.disk].raw.allocated(); v.disks[f.disk].spec.RDM != "" {
				size = 0
			}
			unique = size
		}
		keys[f.name] = int32(len(l.File))
		l.File = append(l.File, types.VirtualMachineFileLayoutExFileInfo{Key: keys[f.name], Name: v.path(f.name),
			Type: f.kind, Size: size, UniqueSize: unique, Accessible: types.NewBool(true)})
	}
	disk := func(d *vmDisk, chain []string) types.VirtualMachineFileLayoutExDiskLayout {
		out := types.VirtualMachineFileLayoutExDiskLayout{Key: d.key}
		for i, path := range chain {
			unit := types.VirtualMachineFileLayoutExDiskUnit{FileKey: []int32{keys[baseName(path)]}}
			if data := v.extentName(d, i, path); data != "" {
				unit.FileKey = append(unit.FileKey, keys[data])
			}
			out.Chain = append(out.Chain, unit)
		}
		return out
	}
	for _, d := range v.disks {
		l.Disk = append(l.Disk, disk(d, d.chain))
	}
	v.eachSnapshot(func(s *snapshot) {
		sl := types.VirtualMachineFileLayoutExSnapshotLayout{Key: s.ref, MemoryKey: -1, DataKey: keys[s.file]}
		for _, d := range v.disks {
			if f, ok := s.files[d]; ok {
				sl.Disk = append(sl.Disk, disk(d, f.chain))
			}
		}
		l.Snapshot = append(l.Snapshot, sl)
	})
	return l
}

// layout is the older list of the same, without sizes and folders.
func (v *vm) layout() *types.VirtualMachineFileLayout {
	l := &types.VirtualMachineFileLayout{ConfigFile: []string{v.dir + ".vmx", v.dir + ".vmsd"}}
	if v.spec.NVRAM != "" {
		l.ConfigFile = append(l.ConfigFile, v.dir+".nvram")
	}
	if v.on {
		l.SwapFile = v.path(v.dir + ".vswp")
	}
	for _, d := range v.disks {
		l.Disk = append(l.Disk, types.VirtualMachineFileLayoutDiskLayout{Key: d.key, DiskFile: d.chain})
	}
	v.eachSnapshot(func(s *snapshot) {
		l.Snapshot = append(l.Snapshot, types.VirtualMachineFileLayoutSnapshotLayout{Key: s.ref,
			SnapshotFile: []string{v.path(s.file)}})
	})
	return l
}

// storage sums up what the VM takes and may still take.
func (v *vm) storage() (*types.VirtualMachineStorageInfo, *types.VirtualMachineStorageSummary) {
	var committed, provisioned int64
	for _, d := range v.disks {
		committed += d.raw.allocated()
		provisioned += d.raw.size
	}
	committed += 1 << 20
	uncommitted := provisioned - committed
	if uncommitted < 0 {
		uncommitted = 0
	}
	t := now()
	return &types.VirtualMachineStorageInfo{Timestamp: t,
			PerDatastoreUsage: []types.VirtualMachineUsageOnDatastore{{Datastore: v.at.ds.Self,
				Committed: committed, Uncommitted: uncommitted, Unshared: committed}}},
		&types.VirtualMachineStorageSummary{Committed: committed, Uncommitted: uncommitted,
			Unshared: committed, Timestamp: t}
}
