package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/vmware/govmomi/vim25/types"
)

// machine is a virtual system on its way to a VirtualMachineConfigSpec.
type machine struct {
	h     *Host
	e     *envelope
	cisp  *types.OvfCreateImportSpecParams
	nets  map[string]types.ManagedObjectReference // of the target, by name
	ds    string
	name  string
	spec  types.VirtualMachineConfigSpec
	items []*hwItem
	files map[*fileRef][]types.OvfFileItem
	key   int32
	buses map[int32]bool // those taken, by the key of the controller
}

func (m *machine) nextKey() int32 {
	m.key--
	return m.key
}

func (m *machine) find(id string) *hwItem {
	for _, it := range m.items {
		if it.id == id {
			return it
		}
	}
	return nil
}

func (m *machine) add(dev types.BaseVirtualDevice, created bool) {
	c := &types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationAdd, Device: dev}
	if created {
		c.FileOperation = types.VirtualDeviceConfigSpecFileOperationCreate
	}
	m.spec.DeviceChange = append(m.spec.DeviceChange, c)
}

// wants tells the client about a file, under the name that the lease will
// have for it.
func (m *machine) wants(f *fileRef, device string, kind int32, create bool) {
	it := types.OvfFileItem{DeviceId: "/" + m.name + "/" + device, Path: f.href,
		CompressionMethod: f.compression, ChunkSize: f.chunk, CimType: kind, Create: create}
	if f.hasSize {
		it.Size = f.size
	}
	m.files[f] = append(m.files[f], it)
}

// hardware makes devices of the items; controllers come first, since disks
// may stand before theirs.
func (m *machine) hardware() {
	for _, it := range m.items {
		m.controllerItem(it)
	}
	nics := 0
	for _, it := range m.items {
		switch it.kind {
		case cimCPU:
			m.spec.NumCPUs = int32(m.e.amount(it, 768))
			if n := it.n.child(nsVMW, "CoresPerSocket"); n != nil {
				cores, err := strconv.Atoi(text(n))
				if err != nil || cores < 1 {
					m.e.badValue(n)
				}
				m.spec.NumCoresPerSocket = int32(cores)
			}
		case cimMemory:
			m.memory(it)
		case cimDisk:
			m.disk(it)
		case cimCD, cimDVD:
			m.cdrom(it)
		case cimNIC:
			m.nic(it, nics)
			nics++
		case cimOther:
			m.other(it)
		case cimFloppy:
			m.floppy(it)
		case cimIDE, cimSCSI, cimStorage, cimUSB, cimVideo, cimSound:
		default:
			m.e.unsupportedType(it)
		}
	}
	if m.spec.NumCPUs == 0 && len(m.e.errors) == 0 {
		m.e.fail(&types.OvfMissingHardware{Name: "CPU", ResourceType: cimCPU}, "Missing hardware: CPU (resource type 3).")
	}
	if m.spec.MemoryMB == 0 && len(m.e.errors) == 0 {
		m.e.fail(&types.OvfMissingHardware{Name: "Memory", ResourceType: cimMemory}, "Missing hardware: memory (resource type 4).")
	}
}

func (m *machine) memory(it *hwItem) {
	x := m.e.amount(it, 24<<30)
	units := it.n.childText(nsRASD, "AllocationUnits")
	if units == "" {
		units = "MegaBytes"
	}
	factor, ok := allocationUnit(units)
	if !ok {
		m.e.badValue(it.rasd("AllocationUnits"))
		return
	}
	mb := x * (factor.Int64() >> 10) >> 10
	if x > 0 && (mb < 4 || mb > 24<<20) {
		m.e.badValue(it.rasd("VirtualQuantity"))
		return
	}
	m.spec.MemoryMB = mb
}

// bus takes the number that the item asks for, or the next free one.
func (m *machine) bus(it *hwItem, kind string) (int32, bool) {
	most := map[string]int32{"ide": 2}[kind]
	if most == 0 {
		most = 4
	}
	free := func(n int32) bool { return !m.buses[controllers[kind].key+n] }
	n := int32(0)
	if x, err := strconv.Atoi(it.address); err == nil && x >= 0 && int32(x) < most && free(int32(x)) {
		n = int32(x)
	}
	for n < most && !free(n) {
		n++
	}
	m.buses[controllers[kind].key+n] = true
	return n, n < most
}

func (m *machine) controllerItem(it *hwItem) {
	var dev types.BaseVirtualDevice
	switch it.kind {
	case cimIDE, cimSCSI, cimStorage:
		kind := ovfController(it)
		if kind == "" {
			m.e.unsupportedSubType(it)
			return
		}
		it.sub = kind
		bus, ok := m.bus(it, kind)
		if !ok {
			m.e.unsupportedType(it)
			return
		}
		dev = newController(kind, bus)
	case cimUSB:
		switch it.sub {
		case "vmware.usb.xhci":
			dev = &types.VirtualUSBXHCIController{}
		case "vmware.usb.ehci", "":
			dev = &types.VirtualUSBController{EhciEnabled: types.NewBool(true)}
		default:
			m.e.unsupportedSubType(it)
			return
		}
	case cimVideo:
		dev = &types.VirtualMachineVideoCard{VideoRamSizeInKB: 4096}
	case cimSound:
		if dev = sounds[it.sub]; dev == nil {
			m.e.unsupportedSubType(it)
			return
		}
	default:
		return
	}
	it.key = m.nextKey()
	it.device = dev
	dev.GetVirtualDevice().Key = it.key
	m.add(dev, false)
}

var sounds = map[string]types.BaseVirtualDevice{
	"vmware.soundcard.hdaudio":      &types.VirtualHdAudioCard{},
	"vmware.soundcard.ensoniq1371":  &types.VirtualEnsoniq1371{},
	"vmware.soundcard.soundblaster": &types.VirtualSoundBlaster16{},
}

// newController makes one of a bus, without keys.
func newController(kind string, bus int32) types.BaseVirtualDevice {
	c := types.VirtualController{BusNumber: bus}
	scsi := types.VirtualSCSIController{VirtualController: c, HotAddRemove: types.NewBool(true),
		SharedBus: types.VirtualSCSISharingNoSharing, ScsiCtlrUnitNumber: 7}
	switch kind {
	case "ide":
		return &types.VirtualIDEController{VirtualController: c}
	case "lsilogic":
		return &types.VirtualLsiLogicController{VirtualSCSIController: scsi}
	case "lsilogicsas":
		return &types.VirtualLsiLogicSASController{VirtualSCSIController: scsi}
	case "buslogic":
		return &types.VirtualBusLogicController{VirtualSCSIController: scsi}
	case "sata":
		return &types.VirtualAHCIController{VirtualSATAController: types.VirtualSATAController{VirtualController: c}}
	case "nvme":
		return &types.VirtualNVMEController{VirtualController: c}
	}
	return &types.ParaVirtualSCSIController{VirtualSCSIController: scsi}
}

// attach finds the controller and unit of a disk or drive; false after a
// complaint.
func (m *machine) attach(it *hwItem, dev *types.VirtualDevice) (parent *hwItem, unit int32, ok bool) {
	p := it.rasd("Parent")
	if p == nil {
		m.e.missing(it.n, "Parent")
		return nil, 0, false
	}
	parent = m.find(it.parent)
	if parent == nil || controllers[parent.sub].name == "" {
		if parent == nil || parent.device != nil {
			m.e.badValue(p)
		}
		return nil, 0, false
	}
	kind := controllers[parent.sub]
	if it.addressOnParent != "" {
		x, err := strconv.Atoi(it.addressOnParent)
		if err != nil || x < 0 || x >= int(kind.perBus) || kind.perBus == 16 && x == 7 || parent.units[int32(x)] {
			m.e.badValue(it.rasd("AddressOnParent"))
			return nil, 0, false
		}
		unit = int32(x)
	} else {
		for parent.units[unit] || kind.perBus == 16 && unit == 7 {
			unit++
		}
	}
	if unit >= kind.perBus {
		m.e.failAt(it.n, &types.OvfNoSpaceOnController{OvfUnsupportedElement: types.OvfUnsupportedElement{
			OvfUnsupportedPackage: m.e.unsupported(it.n), Name: "Item"}, Parent: it.parent},
			"No space left on the controller '%s'.", it.parent)
		return nil, 0, false
	}
	parent.units[unit] = true
	dev.Key, dev.ControllerKey, dev.UnitNumber = m.nextKey(), parent.key, types.NewInt32(unit)
	return parent, unit, true
}

// busOf is a controller's number, as lease keys have it.
func busOf(dev types.BaseVirtualDevice) int32 {
	return dev.(types.BaseVirtualController).GetVirtualController().BusNumber
}

func (m *machine) disk(it *hwItem) {
	ref := it.rasd("HostResource")
	if ref == nil {
		m.e.missing(it.n, "HostResource")
		return
	}
	d := m.e.diskOf(ref)
	if d == nil {
		return
	}
	dev := &types.VirtualDisk{CapacityInKB: (d.capacity + 1023) / 1024, CapacityInBytes: d.capacity}
	parent, unit, ok := m.attach(it, &dev.VirtualDevice)
	if !ok {
		return
	}
	dev.Backing = m.provision()
	m.add(dev, true)
	if d.file != nil {
		m.wants(d.file, fmt.Sprintf("%s%d:%d", controllers[parent.sub].name, busOf(parent.device), unit), cimDisk, false)
	}
}

// provision says how a disk takes its space.  The kinds of hosted products
// are refused when the VM is made, not here.
func (m *machine) provision() types.BaseVirtualDeviceBackingInfo {
	if strings.HasSuffix(m.cisp.DiskProvisioning, "Sparse") {
		b := &types.VirtualDiskSparseVer2BackingInfo{DiskMode: "persistent",
			Split: types.NewBool(m.cisp.DiskProvisioning != "monolithicSparse")}
		b.FileName = "[" + m.ds + "]"
		return b
	}
	b := &types.VirtualDiskFlatVer2BackingInfo{DiskMode: "persistent"}
	b.FileName = "[" + m.ds + "]"
	b.ThinProvisioned = types.NewBool(m.cisp.DiskProvisioning == "thin")
	b.Split = types.NewBool(strings.HasPrefix(m.cisp.DiskProvisioning, "twoGbMaxExtent"))
	if m.cisp.DiskProvisioning == "eagerZeroedThick" {
		b.EagerlyScrub = types.NewBool(true)
	}
	return b
}

func (m *machine) cdrom(it *hwItem) {
	dev := &types.VirtualCdrom{}
	switch it.sub {
	case "", "vmware.cdrom.remotepassthrough", "vmware.cdrom.iso":
		dev.Backing = &types.VirtualCdromRemotePassthroughBackingInfo{VirtualDeviceRemoteDeviceBackingInfo: types.VirtualDeviceRemoteDeviceBackingInfo{UseAutoDetect: types.NewBool(false)}}
	case "vmware.cdrom.remoteatapi":
		dev.Backing = &types.VirtualCdromRemoteAtapiBackingInfo{VirtualDeviceRemoteDeviceBackingInfo: types.VirtualDeviceRemoteDeviceBackingInfo{UseAutoDetect: types.NewBool(false)}}
	case "vmware.cdrom.atapi", "vmware.cdrom.passthrough":
		dev.Backing = &types.VirtualCdromAtapiBackingInfo{VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{UseAutoDetect: types.NewBool(true)}}
	default:
		m.e.unsupportedSubType(it)
		return
	}
	parent, unit, ok := m.attach(it, &dev.VirtualDevice)
	if !ok {
		return
	}
	dev.Connectable = &types.VirtualDeviceConnectInfo{AllowGuestControl: true,
		StartConnected: it.n.childText(nsRASD, "AutomaticAllocation") == "true"}
	image := false
	if ref := it.rasd("HostResource"); ref != nil {
		if f := m.e.fileOf(ref, text(ref)); f != nil {
			iso := &types.VirtualCdromIsoBackingInfo{}
			iso.FileName = "[" + m.ds + "]"
			dev.Backing, image = iso, true
			m.wants(f, fmt.Sprintf("%s%d:%d", controllers[parent.sub].name, busOf(parent.device), unit), int32(it.kind), true)
		}
	}
	m.add(dev, image)
}

func (m *machine) floppy(it *hwItem) {
	switch it.sub {
	case "", "vmware.floppy.remotedevice", "vmware.floppy.device":
	default:
		m.e.unsupportedSubType(it)
		return
	}
	dev := &types.VirtualFloppy{}
	dev.Key = m.nextKey()
	dev.Backing = &types.VirtualFloppyRemoteDeviceBackingInfo{}
	dev.Connectable = &types.VirtualDeviceConnectInfo{AllowGuestControl: true}
	m.add(dev, false)
}

func (m *machine) other(it *hwItem) {
	if it.sub != "vmware.vmci" {
		m.e.unsupportedSubType(it)
		return
	}
	dev := &types.VirtualMachineVMCIDevice{AllowUnrestrictedCommunication: types.NewBool(false)}
	dev.Key = m.nextKey()
	m.add(dev, false)
}

func (m *machine) nic(it *hwItem, n int) {
	kind := ovfNIC(it.sub)
	if kind == "" {
		m.e.unsupportedSubType(it)
		return
	}
	dev := newNIC(kind)
	card := dev.(types.BaseVirtualEthernetCard).GetVirtualEthernetCard()
	card.Key = m.nextKey()
	if it.address != "" {
		if !macAddress.MatchString(it.address) {
			m.e.badValue(it.rasd("Address"))
			return
		}
		card.AddressType, card.MacAddress = "manual", strings.ToLower(it.address)
	} else {
		card.AddressType = "generated"
	}
	for _, c := range it.n.kids {
		if key, _ := c.attr(nsVMW, "key"); c.space == nsVMW && c.name == "Config" && key == "wakeOnLanEnabled" {
			v, _ := c.attr(nsVMW, "value")
			card.WakeOnLanEnabled = types.NewBool(v == "true")
		}
	}
	connection := it.rasd("Connection")
	if connection == nil {
		m.e.missing(it.n, "Connection")
		return
	}
	name := text(connection)
	if !m.e.networks[name] {
		m.e.badValue(connection)
		return
	}
	ref, ok := m.network(name)
	if !ok {
		return
	}
	card.Backing = m.h.nicBacking(ref)
	card.Connectable = &types.VirtualDeviceConnectInfo{AllowGuestControl: true,
		StartConnected: it.n.childText(nsRASD, "AutomaticAllocation") != "false"}
	card.DeviceInfo = &types.Description{Label: it.name, Summary: it.name}
	m.add(dev, false)
}

// network is what the mapping makes of a descriptor's network, or that of the
// same name.
func (m *machine) network(name string) (types.ManagedObjectReference, bool) {
	for _, map1 := range m.cisp.NetworkMapping {
		if map1.Name != name {
			continue
		}
		for _, ref := range m.nets {
			if ref == map1.Network {
				return ref, true
			}
		}
		m.e.fail(&types.OvfNetworkMappingNotSupported{}, "The provided network mapping between OVF networks "+
			"and the system network is not supported by any host.")
		return map1.Network, false
	}
	ref, ok := m.nets[name]
	if !ok {
		m.e.fail(&types.OvfNoHostNic{}, "Host did not have any virtual network defined.")
	}
	return ref, ok
}
