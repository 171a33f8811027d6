package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/vmware/govmomi/vim25/types"
)

// vmBuilder makes a VM of a config spec.
type vmBuilder struct {
	h        *Host
	spec     *types.VirtualMachineConfigSpec
	at       *target
	name     string
	verbatim bool
	dir      string
	ctlrs    map[int32]controllerAt // by the key in the spec
	vm       vmSpec
	nics     []*types.VirtualEthernetCard
	kinds    []string
	nets     []types.ManagedObjectReference
	extras   []types.BaseVirtualDevice
	bare     []controllerAt
	items    []*leaseItem
	cds      int
	late     *vimFault // what the lease fails with
}

func deviceFault(i int, f types.BaseMethodFault, text string) *vimFault {
	switch d := f.(type) {
	case *types.InvalidDeviceSpec:
		d.DeviceIndex, d.Property = int32(i), fmt.Sprintf("configSpec.deviceChange[%d]", i)
	case *types.DeviceUnsupportedForVmPlatform:
		d.DeviceIndex, d.Property = int32(i), "virtualDeviceSpec.device.backing"
	}
	return &vimFault{fmt.Sprintf(text, i), f}
}

func invalidDevice(i int) *vimFault {
	return deviceFault(i, &types.InvalidDeviceSpec{}, "Invalid configuration for device '%d'.")
}

// controllerKind says what a controller is; "" for anything else.
func controllerKind(dev types.BaseVirtualDevice) string {
	switch dev.(type) {
	case *types.VirtualIDEController:
		return "ide"
	case *types.VirtualLsiLogicController:
		return "lsilogic"
	case *types.VirtualLsiLogicSASController:
		return "lsilogicsas"
	case *types.VirtualBusLogicController:
		return "buslogic"
	case *types.ParaVirtualSCSIController:
		return "pvscsi"
	case *types.VirtualAHCIController:
		return "sata"
	case *types.VirtualNVMEController:
		return "nvme"
	}
	return ""
}

// build makes the VM, not yet in the inventory; nothing is left of a failure.
func (b *vmBuilder) build() (*vm, *vimFault) {
	v, f := b.make()
	if f != nil {
		_ = os.RemoveAll(b.dir)
	}
	return v, f
}

func (b *vmBuilder) make() (*vm, *vimFault) {
	h := b.h
	ref := h.vmRef(0, fmt.Sprint(h.id()))
	b.dir = filepath.Join(h.cfg.state, "imports", ref.Value)
	b.ctlrs = make(map[int32]controllerAt)
	b.plain()
	for i, change := range b.spec.DeviceChange {
		c := change.GetVirtualDeviceConfigSpec()
		if c.Operation != types.VirtualDeviceConfigSpecOperationAdd {
			return nil, invalidDevice(i)
		}
		if f := b.device(i, c); f != nil {
			return nil, f
		}
	}
	b.vm.fill()
	v, err := newVM(h, ref, &b.vm, place{folder: b.at.folder, pool: b.at.pool.Reference(), host: b.at.host,
		ds: b.at.ds, browser: *b.at.compute.EnvironmentBrowser})
	if err != nil {
		return nil, &vimFault{err.Error(), &types.SystemError{Reason: err.Error()}}
	}
	v.own, v.extras, v.bare = b.dir, b.extras, b.bare
	for i, card := range b.nics {
		n := v.addNIC(b.nets[i], b.kinds[i])
		if card.AddressType == "manual" {
			n.addressType, n.mac = "manual", card.MacAddress
		}
		if c := card.Connectable; c != nil {
			n.startConnected, n.connected, n.guestControl = c.StartConnected, c.StartConnected, c.AllowGuestControl
		}
		n.wake = card.WakeOnLanEnabled == nil || *card.WakeOnLanEnabled
	}
	b.finish(v)
	return v, nil
}

// plain takes over what is no device.
func (b *vmBuilder) plain() {
	s, t := b.spec, &b.vm
	*t = vmSpec{Name: b.name, UUID: s.Uuid, InstanceUUID: s.InstanceUuid, Firmware: s.Firmware, GuestID: s.GuestId,
		HW: s.Version, CPUs: s.NumCPUs, MemoryMB: int32(s.MemoryMB), Description: s.Annotation,
		Networks: []string{}, ExtraConfig: make(map[string]string), Tools: "ok"}
	if t.UUID == "" {
		t.UUID = "564d" + randomUUID()[4:]
	}
	if t.InstanceUUID == "" {
		t.InstanceUUID = randomUUID()
	}
	for _, o := range s.ExtraConfig {
		kv := o.GetOptionValue()
		value := fmt.Sprint(kv.Value)
		if kv.Key == "nvram" && strings.HasPrefix(value, "ovf:/file/") {
			t.NVRAM = filepath.Join(b.dir, "nvram")
			b.items = append(b.items, &leaseItem{importKey: importKey(b.spec.Name, "nvram"), n: -1, file: t.NVRAM})
			continue
		}
		t.ExtraConfig[kv.Key] = value
	}
	if s.ChangeTrackingEnabled != nil {
		t.CBT = *s.ChangeTrackingEnabled
	}
}

func (b *vmBuilder) device(i int, c *types.VirtualDeviceConfigSpec) *vimFault {
	if kind := controllerKind(c.Device); kind != "" {
		at := controllerAt{kind, busOf(c.Device)}
		b.ctlrs[c.Device.GetVirtualDevice().Key] = at
		b.bare = append(b.bare, at)
		return nil
	}
	switch d := c.Device.(type) {
	case *types.VirtualDisk:
		return b.disk(i, d, c.FileOperation)
	case *types.VirtualCdrom:
		return b.cdrom(i, d)
	case types.BaseVirtualEthernetCard:
		card := d.GetVirtualEthernetCard()
		ref, ok := b.h.backedNetwork(card.Backing, b.at.host.Network)
		if !ok || nicKind(c.Device) == "" {
			return invalidDevice(i)
		}
		b.nics, b.kinds, b.nets = append(b.nics, card), append(b.kinds, nicKind(c.Device)), append(b.nets, ref)
	case *types.VirtualMachineVideoCard, *types.VirtualMachineVMCIDevice:
		// Every VM has one.
	default:
		dev := c.Device.GetVirtualDevice()
		dev.Key = 7000 + int32(len(b.extras))
		b.extras = append(b.extras, c.Device)
	}
	return nil
}

func (b *vmBuilder) disk(i int, d *types.VirtualDisk, op types.VirtualDeviceConfigSpecFileOperation) *vimFault {
	at, ok := b.ctlrs[d.ControllerKey]
	size := d.CapacityInBytes
	if size == 0 {
		size = d.CapacityInKB * 1024
	}
	if !ok || d.UnitNumber == nil || size <= 0 || size%sector != 0 || op != types.VirtualDeviceConfigSpecFileOperationCreate {
		return invalidDevice(i)
	}
	back, ok := d.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	if !ok || isTrue(back.Split) {
		b.late = deviceFault(i, &types.DeviceUnsupportedForVmPlatform{},
			"The device or operation specified at index '%d' is not supported for the existing virtual machine platform.")
		back = &types.VirtualDiskFlatVer2BackingInfo{DiskMode: "persistent"}
	}
	n := len(b.vm.Disks)
	file, err := newRaw(b.dir, n, size)
	if err != nil {
		return &vimFault{err.Error(), &types.SystemError{Reason: err.Error()}}
	}
	bus := at.bus
	b.vm.Disks = append(b.vm.Disks, diskSpec{File: file, Controller: at.kind, Bus: &bus, Unit: d.UnitNumber,
		Mode: back.DiskMode, Thick: !isTrue(back.ThinProvisioned), Scrub: isTrue(back.EagerlyScrub),
		UUID: randomUUID()})
	b.items = append(b.items, &leaseItem{isDisk: true, n: n,
		importKey: importKey(b.spec.Name, fmt.Sprintf("%s%d:%d", controllers[at.kind].name, at.bus, *d.UnitNumber))})
	return nil
}

func (b *vmBuilder) cdrom(i int, d *types.VirtualCdrom) *vimFault {
	at, ok := b.ctlrs[d.ControllerKey]
	if !ok || d.UnitNumber == nil {
		return invalidDevice(i)
	}
	k := controllers[at.kind]
	b.cds++
	if iso, ok := d.Backing.(*types.VirtualCdromIsoBackingInfo); ok {
		iso.FileName = fmt.Sprintf("[%s] %s/disk-%d.iso", b.at.ds.Name, fileName(b.name), b.cds)
		iso.Datastore = &b.at.ds.Self
		b.items = append(b.items, &leaseItem{n: -1, file: filepath.Join(b.dir, fmt.Sprintf("cd-%d.iso", b.cds)),
			importKey: importKey(b.spec.Name, fmt.Sprintf("%s%d:%d", k.name, at.bus, *d.UnitNumber))})
	}
	d.ControllerKey = k.key + at.bus
	d.Key = k.devKey + at.bus*k.perBus + *d.UnitNumber
	d.DeviceInfo = &types.Description{Label: fmt.Sprintf("CD/DVD drive %d", b.cds), Summary: "Remote device"}
	b.extras = append(b.extras, d)
	return nil
}

// finish ties the lease's files to the VM's devices.
func (b *vmBuilder) finish(v *vm) {
	sort.SliceStable(b.items, func(i, j int) bool { return b.items[i].isDisk && !b.items[j].isDisk })
	for i, it := range b.items {
		it.key = it.importKey
		it.finalKey = "/" + v.ref.Value + it.importKey[strings.LastIndexByte(it.importKey, '/'):]
		switch {
		case it.isDisk:
			it.disk = v.disks[it.n]
			it.target = fmt.Sprintf("disk-%d.vmdk", i)
		case strings.HasSuffix(it.file, ".iso"):
			it.target = fmt.Sprintf("disk-%d.iso", i)
		default:
			it.target = v.dir + ".nvram"
		}
	}
	v.properties = make(map[string]string)
	if cfg := b.spec.VAppConfig; cfg != nil {
		for _, p := range cfg.GetVmConfigSpec().Property {
			if p.Info != nil {
				v.properties[p.Info.Id] = p.Info.Value
			}
		}
	}
	v.refresh()
}
