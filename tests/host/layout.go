package main

import (
	"os"
	"strings"

	"github.com/vmware/govmomi/vim25/types"
)

// layout lists the VM's files the way layoutEx does.
func (v *vm) layout() *types.VirtualMachineFileLayoutEx {
	l := &types.VirtualMachineFileLayoutEx{Timestamp: now()}
	add := func(name, kind string, size, unique int64) int32 {
		key := int32(len(l.File))
		l.File = append(l.File, types.VirtualMachineFileLayoutExFileInfo{Key: key, Name: name,
			Type: kind, Size: size, UniqueSize: unique, Accessible: types.NewBool(true)})
		return key
	}
	add(v.path(v.dir+".vmx"), "config", 2841, 2841)
	if v.spec.NVRAM != "" {
		if st, err := os.Stat(v.spec.NVRAM); err == nil {
			add(v.path(v.dir+".nvram"), "nvram", st.Size(), st.Size())
		}
	}
	add(v.path(v.dir+".vmsd"), "snapshotList", 43, 43)
	if v.on {
		add(v.path(v.dir+".vswp"), "swap", int64(v.spec.MemoryMB)<<20, 0)
	}
	chains := make(map[*vmDisk]types.VirtualMachineFileLayoutExDiskLayout)
	for _, d := range v.disks {
		disk := types.VirtualMachineFileLayoutExDiskLayout{Key: d.key}
		for i, file := range d.chain {
			size, kind := d.raw.allocated(), "-flat.vmdk"
			if i > 0 {
				size, kind = 1<<20, "-sesparse.vmdk"
			}
			if d.spec.RDM != "" && i == 0 {
				size, kind = 0, "-rdmp.vmdk"
			}
			text := add(file, "diskDescriptor", 512, 512)
			data := add(strings.TrimSuffix(file, ".vmdk")+kind, "diskExtent", size, size)
			disk.Chain = append(disk.Chain, types.VirtualMachineFileLayoutExDiskUnit{FileKey: []int32{text, data}})
		}
		l.Disk = append(l.Disk, disk)
		chains[d] = disk
	}
	v.eachSnapshot(func(s *snapshot) {
		sl := types.VirtualMachineFileLayoutExSnapshotLayout{Key: s.ref, MemoryKey: -1,
			DataKey: add(v.path(s.file), "snapshotData", 31000, 31000)}
		for _, d := range v.disks {
			if f, ok := s.files[d]; ok && len(f.chain) <= len(chains[d].Chain) {
				sl.Disk = append(sl.Disk, types.VirtualMachineFileLayoutExDiskLayout{
					Key: d.key, Chain: chains[d].Chain[:len(f.chain)]})
			}
		}
		l.Snapshot = append(l.Snapshot, sl)
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
