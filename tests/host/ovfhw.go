package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/vmware/govmomi/vim25/types"
)

// hwItem is an Item of a VirtualHardwareSection.
type hwItem struct {
	n               *node
	id, parent      string
	kind            int
	sub, name       string
	address         string
	addressOnParent string
	quantity        string
	key             int32 // of the device it became
	device          types.BaseVirtualDevice
	units           map[int32]bool // of a controller, those taken
}

func (it *hwItem) rasd(name string) *node { return it.n.child(nsRASD, name) }

// hardwareItems lists the items that the deployment option leaves in force;
// one that names the option replaces one of the same InstanceID that does not.
func (e *envelope) hardwareItems(section *node) []*hwItem {
	var items []*hwItem
	byID := make(map[string]int)
	for _, n := range section.kids {
		switch {
		case n.space == e.ns && (n.name == "StorageItem" || n.name == "EthernetPortItem"):
			e.refuseItem(n, &types.OvfUnsupportedElement{OvfUnsupportedPackage: e.unsupported(n), Name: n.name},
				"Unsupported element '%s'.", n.name)
			continue
		case n.space != e.ns || n.name != "Item":
			continue
		}
		if bound, ok := n.attr(e.ns, "bound"); ok && bound != "normal" {
			continue
		}
		it := e.item(n)
		if it == nil {
			continue
		}
		options, ok := n.attr(e.ns, "configuration")
		if ok && !hasWord(options, e.option) {
			continue
		}
		if at, twice := byID[it.id]; twice && ok {
			items[at] = it
			continue
		}
		byID[it.id] = len(items)
		items = append(items, it)
	}
	return items
}

func hasWord(list, word string) bool {
	for _, w := range strings.Fields(list) {
		if w == word {
			return true
		}
	}
	return false
}

func (e *envelope) item(n *node) *hwItem {
	get := func(name string) string { return n.childText(nsRASD, name) }
	it := &hwItem{n: n, id: get("InstanceID"), parent: get("Parent"), sub: get("ResourceSubType"),
		name: get("ElementName"), address: get("Address"), addressOnParent: get("AddressOnParent"),
		quantity: get("VirtualQuantity"), units: make(map[int32]bool)}
	for _, name := range []string{"InstanceID", "ResourceType"} {
		if n.child(nsRASD, name) == nil {
			e.missing(n, name)
			return nil
		}
	}
	kind := n.child(nsRASD, "ResourceType")
	var err error
	if it.kind, err = strconv.Atoi(text(kind)); err != nil || it.kind < 0 {
		e.badValue(kind)
		return nil
	}
	return it
}

// amount reads a VirtualQuantity that has to be above 0.
func (e *envelope) amount(it *hwItem, max int64) int64 {
	n := it.rasd("VirtualQuantity")
	if n == nil {
		e.missing(it.n, "VirtualQuantity")
		return 0
	}
	x, err := strconv.ParseInt(it.quantity, 10, 64)
	if err != nil || x < 1 {
		e.badValue(n)
		return 0
	}
	if x > max {
		e.failAt(n, &types.OvfUnsupportedElementValue{OvfUnsupportedElement: types.OvfUnsupportedElement{
			OvfUnsupportedPackage: e.unsupported(n), Name: n.name}, Value: it.quantity},
			"Unsupported value '%s' for element '%s'.", it.quantity, n.name)
		return 0
	}
	return x
}

func (e *envelope) unsupportedType(it *hwItem) {
	e.refuseItem(it.n, &types.OvfUnsupportedType{OvfUnsupportedPackage: e.unsupported(it.n), Name: it.name,
		InstanceId: it.id, DeviceType: int32(it.kind)},
		"OVF hardware element '%s' with instance ID '%s': No support for the virtual hardware device type '%d'.",
		it.name, it.id, it.kind)
}

func (e *envelope) unsupportedSubType(it *hwItem) {
	e.refuseItem(it.n, &types.OvfUnsupportedSubType{OvfUnsupportedPackage: e.unsupported(it.n), ElementName: it.name,
		InstanceId: it.id, DeviceType: int32(it.kind), DeviceSubType: it.sub},
		"Unsupported virtual hardware device '%s'.", it.sub)
}

// Resource types of CIM.
const (
	cimOther, cimCPU, cimMemory, cimIDE, cimSCSI = 1, 3, 4, 5, 6
	cimNIC, cimFloppy, cimCD, cimDVD, cimDisk    = 10, 14, 15, 16, 17
	cimStorage, cimUSB, cimVideo, cimSound       = 20, 23, 24, 35
)

// ovfController says which kind of controller an item asks for; "" if none
// that the host has.
func ovfController(it *hwItem) string {
	sub := strings.ToLower(it.sub)
	switch it.kind {
	case cimIDE:
		return map[string]string{"": "ide", "piix4": "ide", "ich6": "ide"}[sub]
	case cimSCSI:
		return map[string]string{"": "lsilogic", "lsilogic": "lsilogic", "lsilogicsas": "lsilogicsas",
			"virtualscsi": "pvscsi", "buslogic": "buslogic"}[sub]
	case cimStorage:
		return map[string]string{"": "sata", "ahci": "sata", "vmware.sata.ahci": "sata",
			"vmware.nvme.controller": "nvme"}[sub]
	}
	return ""
}

// ovfNIC is the kind of adapter.
func ovfNIC(sub string) string {
	return map[string]string{"": "E1000", "pcnet32": "PCNet32", "e1000": "E1000", "e1000e": "E1000e",
		"vmxnet3": "VmxNet3", "vmxnet2": "VmxNet2", "vmxnet": "VmxNet2"}[strings.ToLower(sub)]
}

// hardwareFamily takes the best of the versions that a system is content with.
func (e *envelope) hardwareFamily(section *node) string {
	system := section.child(e.ns, "System")
	if system == nil {
		e.missing(section, "System")
		return ""
	}
	n := system.child(nsVSSD, "VirtualSystemType")
	if n == nil {
		e.missing(system, "VirtualSystemType")
		return ""
	}
	best := 0
	for _, v := range strings.FieldsFunc(text(n), func(r rune) bool { return r == ' ' || r == ',' || r == '\n' || r == '\t' }) {
		if x, err := strconv.Atoi(strings.TrimPrefix(v, "vmx-")); err == nil && hardwareKnown(v) && x > best {
			best = x
		}
	}
	if best == 0 {
		e.failAt(n, &types.OvfNoSupportedHardwareFamily{OvfUnsupportedPackage: e.unsupported(n), Version: text(n)},
			"Unsupported hardware family '%s'.", text(n))
		return ""
	}
	return fmt.Sprintf("vmx-%02d", best)
}

// hardwareVersions are what an ESXi 7.0.3 makes.
var hardwareVersions = []string{"vmx-07", "vmx-08", "vmx-09", "vmx-10", "vmx-11", "vmx-12", "vmx-13",
	"vmx-14", "vmx-15", "vmx-16", "vmx-17", "vmx-18", "vmx-19"}

func hardwareKnown(v string) bool {
	for _, known := range hardwareVersions {
		if v == known {
			return true
		}
	}
	return false
}

var macAddress = regexp.MustCompile(`^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$`)

// fileOf follows "ovf:/file/ID"; nil after a complaint.
func (e *envelope) fileOf(n *node, value string) *fileRef {
	id := strings.TrimPrefix(strings.TrimPrefix(value, "ovf:"), "/file/")
	f := e.file(id)
	if f == nil || !strings.Contains(value, "/file/") {
		e.failAt(n, &types.OvfInvalidValueReference{OvfInvalidValue: e.attribute(n, "", value)},
			"Invalid value '%s' for element '%s'.", value, n.name)
		return nil
	}
	return f
}

// diskOf follows "ovf:/disk/ID".
func (e *envelope) diskOf(n *node) *diskRef {
	value := text(n)
	id := strings.TrimPrefix(strings.TrimPrefix(value, "ovf:"), "/disk/")
	d := e.disks[id]
	if d == nil || !strings.Contains(value, "/disk/") {
		e.badValue(n)
		return nil
	}
	return d
}
