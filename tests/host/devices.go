package main

import (
	"fmt"

	"github.com/vmware/govmomi/simulator/esx"
	"github.com/vmware/govmomi/vim25/types"
)

// A controller's first key and that of the devices on it, as hosts count.
var controllers = map[string]struct {
	key     int32
	name    string // as in lease keys
	label   string
	summary string
	devKey  int32
	perBus  int32
	adapter string // of the stream's descriptor
}{
	"pvscsi":      {1000, "ParaVirtualSCSIController", "SCSI controller", "VMware paravirtual SCSI", 2000, 16, "lsilogic"},
	"lsilogic":    {1000, "VirtualLsiLogicController", "SCSI controller", "LSI Logic", 2000, 16, "lsilogic"},
	"lsilogicsas": {1000, "VirtualLsiLogicSASController", "SCSI controller", "LSI Logic SAS", 2000, 16, "lsilogic"},
	"buslogic":    {1000, "VirtualBusLogicController", "SCSI controller", "BusLogic", 2000, 16, "buslogic"},
	"sata":        {15000, "VirtualAHCIController", "SATA controller", "AHCI", 16000, 30, "lsilogic"},
	"ide":         {200, "VirtualIDEController", "IDE", "IDE", 3000, 2, "ide"},
	"nvme":        {31000, "VirtualNVMEController", "NVME controller", "NVME controller", 32000, 64, "lsilogic"},
}

// place gives a disk its controller and key.  Each kind of controller has
// buses of its own; unit 7 of a SCSI bus is the controller itself.
func (v *vm) place(d *vmDisk) {
	c := controllers[d.spec.Controller]
	unit, bus := int32(0), int32(0)
	for _, o := range v.disks {
		other := controllers[o.spec.Controller]
		switch {
		case o.spec.Controller == d.spec.Controller:
			unit, bus = o.unit+1, o.ctlrKey-c.key
		case other.key == c.key && o.ctlrKey-c.key >= bus:
			bus = o.ctlrKey - c.key + 1
		}
	}
	if unit == 7 && c.perBus == 16 {
		unit++
	}
	if d.spec.Unit != nil {
		unit = *d.spec.Unit
	}
	if d.spec.Bus != nil {
		bus = *d.spec.Bus
	}
	if unit >= c.perBus {
		unit, bus = unit%c.perBus, bus+unit/c.perBus
	}
	d.ctlrKey, d.unit = c.key+bus, unit
	d.key = c.devKey + bus*c.perBus + unit
	d.ctlrName = fmt.Sprintf("%s%d", c.name, bus)
	d.adapter = c.adapter
}

// devices lists the hardware, as it was in snapshot s or, if nil, as it is.
func (v *vm) devices(s *snapshot) []types.BaseVirtualDevice {
	var devs []types.BaseVirtualDevice
	for _, d := range esx.VirtualDevice {
		devs = append(devs, d)
	}
	devs = append(devs, v.diskControllers()...)
	for _, d := range v.disks {
		devs = append(devs, v.diskDevice(d, s))
	}
	if v.spec.ISO {
		devs = append(devs, v.cdrom())
	}
	devs = append(devs, v.extras...)
	for i := range v.nics {
		devs = append(devs, v.nicDevice(i))
	}
	if v.spec.VTPM {
		devs = append(devs, &types.VirtualTPM{VirtualDevice: types.VirtualDevice{Key: 11000,
			DeviceInfo: &types.Description{Label: "Virtual TPM", Summary: "Trusted Platform Module"}}})
	}
	return devs
}

func (v *vm) diskControllers() []types.BaseVirtualDevice {
	var devs []types.BaseVirtualDevice
	made := make(map[int32]bool)
	for _, d := range v.disks {
		if made[d.ctlrKey] || d.spec.Controller == "ide" {
			continue // the IDE controllers are always there
		}
		made[d.ctlrKey] = true
		devs = append(devs, v.controller(d.spec.Controller, d.ctlrKey))
	}
	for _, c := range v.bare {
		key := controllers[c.kind].key + c.bus
		if !made[key] && c.kind != "ide" {
			made[key] = true
			devs = append(devs, v.controller(c.kind, key))
		}
	}
	return devs
}

func (v *vm) controller(kind string, key int32) types.BaseVirtualDevice {
	k := controllers[kind]
	bus := key - k.key
	dev := newController(kind, bus)
	c := dev.(types.BaseVirtualController).GetVirtualController()
	c.Key, c.ControllerKey, c.UnitNumber = key, 100, types.NewInt32(3+bus)
	c.DeviceInfo = &types.Description{Label: fmt.Sprintf("%s %d", k.label, bus), Summary: k.summary}
	for _, o := range v.disks {
		if o.ctlrKey == key {
			c.Device = append(c.Device, o.key)
		}
	}
	for _, o := range v.extras {
		if o.GetVirtualDevice().ControllerKey == key {
			c.Device = append(c.Device, o.GetVirtualDevice().Key)
		}
	}
	return dev
}

func commas(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func (v *vm) diskDevice(d *vmDisk, s *snapshot) types.BaseVirtualDevice {
	dev := &types.VirtualDisk{CapacityInKB: (d.raw.size + 1023) / 1024, CapacityInBytes: d.raw.size}
	dev.Key, dev.ControllerKey, dev.UnitNumber = d.key, d.ctlrKey, types.NewInt32(d.unit)
	dev.DeviceInfo = &types.Description{Label: d.spec.Label, Summary: commas(d.raw.size/1024) + " KB"}
	dev.Shares = &types.SharesInfo{Shares: 1000, Level: types.SharesLevelNormal}
	dev.DiskObjectId = fmt.Sprintf("1-%d", d.key)
	dev.NativeUnmanagedLinkedClone = types.NewBool(false)
	chain, change := d.chain, d.changeID()
	if s != nil {
		if f, ok := s.files[d]; ok {
			chain, change = f.chain, f.changeID
		}
	}
	if !v.spec.CBT || !d.spec.inSnapshot() {
		change = ""
	}
	if d.spec.RDM != "" {
		dev.Backing = v.rdmBacking(d, chain, change)
	} else {
		dev.Backing = v.flatBacking(d, chain, change)
	}
	return dev
}

// flatBacking nests the chain: the file in use holds its parents.
func (v *vm) flatBacking(d *vmDisk, chain []string, change string) *types.VirtualDiskFlatVer2BackingInfo {
	b := &types.VirtualDiskFlatVer2BackingInfo{
		DiskMode: d.spec.Mode, Split: types.NewBool(false), WriteThrough: types.NewBool(false),
		ThinProvisioned: types.NewBool(!d.spec.Thick), EagerlyScrub: types.NewBool(d.spec.Scrub),
		Uuid: diskUUID(d.uuid), ContentId: contentID(d, len(chain)), ChangeId: change,
		DigestEnabled: types.NewBool(false), Sharing: "sharingNone",
	}
	b.FileName = chain[len(chain)-1]
	b.Datastore = &v.at.ds.Self
	if v.objectStore() {
		b.BackingObjectId = nameUUID("object", d.uuid, b.FileName)
	}
	if len(chain) > 1 {
		b.Parent = v.flatBacking(d, chain[:len(chain)-1], "")
		b.DeltaDiskFormat = "redoLogFormat"
	}
	return b
}

func (v *vm) rdmBacking(d *vmDisk, chain []string, change string) *types.VirtualDiskRawDiskMappingVer1BackingInfo {
	b := &types.VirtualDiskRawDiskMappingVer1BackingInfo{
		LunUuid:    "02000000006000c29" + fmt.Sprintf("%032x", contentCID(d.uuid, 7)),
		DeviceName: "vml.0200000000" + fmt.Sprintf("%08x", contentCID(d.uuid, 8)), CompatibilityMode: d.spec.RDM + "Mode",
		DiskMode: d.spec.Mode, Uuid: diskUUID(d.uuid), ContentId: contentID(d, len(chain)),
		ChangeId: change, Sharing: "sharingNone",
	}
	b.FileName = chain[len(chain)-1]
	b.Datastore = &v.at.ds.Self
	if len(chain) > 1 {
		b.Parent = v.rdmBacking(d, chain[:len(chain)-1], "")
	}
	return b
}

// diskUUID is written the way disks have it: upper case, starting 6000C29.
func diskUUID(uuid string) string {
	return "6000C29" + upper(uuid)[7:]
}

func upper(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'f' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}

// contentID is 32 hex digits that end in the CID.
func contentID(d *vmDisk, depth int) string {
	return fmt.Sprintf("%08x%08x%08x%08x", contentCID(d.uuid, -1), contentCID(d.uuid, -2),
		uint32(depth), contentCID(d.uuid, d.raw.gen))
}

func (v *vm) cdrom() types.BaseVirtualDevice {
	dev := &types.VirtualCdrom{}
	dev.Key, dev.ControllerKey, dev.UnitNumber = 3002, 201, types.NewInt32(0)
	dev.DeviceInfo = &types.Description{Label: "CD/DVD drive 1", Summary: "ISO " + v.isoPath()}
	b := &types.VirtualCdromIsoBackingInfo{}
	b.FileName, b.Datastore = v.isoPath(), &v.at.ds.Self
	dev.Backing = b
	dev.Connectable = &types.VirtualDeviceConnectInfo{StartConnected: true, AllowGuestControl: true,
		Connected: v.on, Status: "ok"}
	return dev
}

func (v *vm) isoPath() string { return "[" + v.at.ds.Name + "] iso/install.iso" }
