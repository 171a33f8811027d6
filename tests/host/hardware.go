package main

import (
	"fmt"
	"strings"

	"github.com/vmware/govmomi/vim25/types"
)

// system writes the VirtualSystem of a descriptor.
func (d *descriptor) system() {
	d.w.in("VirtualSystem", []string{"ovf:id", d.name()}, func() {
		d.w.text("Info", "A virtual machine")
		d.w.text("Name", d.name())
		d.w.in("OperatingSystemSection", []string{"ovf:id", osID(d.v.spec.GuestID), "vmw:osType", d.v.spec.GuestID}, func() {
			d.w.text("Info", "The kind of installed guest operating system")
		})
		d.hardware()
		text := d.v.spec.Description
		if d.cdp.Description != "" {
			text = d.cdp.Description
		}
		if text != "" {
			d.w.in("AnnotationSection", []string{"ovf:required", "false"}, func() {
				d.w.text("Info", "A human-readable annotation")
				d.w.text("Annotation", text)
			})
		}
	})
}

// osID is the CIM number of the guest's family.
func osID(guest string) string {
	switch {
	case strings.HasPrefix(guest, "debian"):
		return "96"
	case strings.HasPrefix(guest, "ubuntu"):
		return "94"
	case strings.HasPrefix(guest, "rhel"):
		return "80"
	case strings.HasPrefix(guest, "windows"):
		return "112"
	}
	return "1"
}

func (d *descriptor) hardware() {
	d.w.in("VirtualHardwareSection", nil, func() {
		d.w.text("Info", "Virtual hardware requirements")
		d.w.in("System", nil, func() {
			d.w.text("vssd:ElementName", "Virtual Hardware Family")
			d.w.text("vssd:InstanceID", "0")
			d.w.text("vssd:VirtualSystemIdentifier", d.name())
			d.w.text("vssd:VirtualSystemType", d.v.spec.HW)
		})
		d.cpuAndMemory()
		parents := d.controllers()
		d.diskItems(parents)
		d.images(parents)
		d.nics()
		d.settings()
	})
}

func (d *descriptor) next() string {
	d.items++
	return fmt.Sprint(d.items)
}

func (d *descriptor) subtype(pairs []string, name string) []string {
	if d.noSubs {
		return pairs
	}
	return append(pairs, "ResourceSubType", name)
}

func (d *descriptor) cpuAndMemory() {
	cpus, mb := d.v.spec.CPUs, d.v.spec.MemoryMB
	d.w.rasd(nil, "AllocationUnits", "hertz * 10^6", "Description", "Number of Virtual CPUs",
		"ElementName", fmt.Sprintf("%d virtual CPU(s)", cpus), "InstanceID", d.next(),
		"ResourceType", "3", "VirtualQuantity", fmt.Sprint(cpus))
	d.w.rasd(nil, "AllocationUnits", "byte * 2^20", "Description", "Memory Size",
		"ElementName", fmt.Sprintf("%dMB of memory", mb), "InstanceID", d.next(),
		"ResourceType", "4", "VirtualQuantity", fmt.Sprint(mb))
}

// ovfControllers: resource type and subtype of each kind.
var ovfControllers = map[string][3]string{
	"pvscsi":      {"6", "VirtualSCSI", "SCSI Controller"},
	"lsilogic":    {"6", "lsilogic", "SCSI Controller"},
	"lsilogicsas": {"6", "lsilogicsas", "SCSI Controller"},
	"buslogic":    {"6", "buslogic", "SCSI Controller"},
	"sata":        {"20", "vmware.sata.ahci", "SATA Controller"},
	"nvme":        {"20", "vmware.nvme.controller", "NVME Controller"},
}

// controllers writes them and gives each one's InstanceID by device key.
func (d *descriptor) controllers() map[int32]string {
	ids := make(map[int32]string)
	for _, disk := range d.v.disks {
		k, ok := ovfControllers[disk.spec.Controller]
		if !ok || ids[disk.ctlrKey] != "" {
			continue
		}
		bus := disk.ctlrKey - controllers[disk.spec.Controller].key
		id := d.next()
		ids[disk.ctlrKey] = id
		pairs := []string{"Address", fmt.Sprint(bus), "Description", k[2],
			"ElementName", fmt.Sprintf("%s %d", k[2], bus), "InstanceID", id}
		pairs = append(d.subtype(pairs, k[1]), "ResourceType", k[0])
		d.w.item(nil, [][2]string{{"slotInfo.pciSlotNumber", fmt.Sprint(160 + 32*bus)}}, pairs...)
	}
	for bus := int32(1); bus >= 0; bus-- {
		id := d.next()
		ids[200+bus] = id
		d.w.rasd(nil, "Address", fmt.Sprint(bus), "Description", "IDE Controller",
			"ElementName", fmt.Sprintf("VirtualIDEController %d", bus), "InstanceID", id, "ResourceType", "5")
	}
	return ids
}

func (d *descriptor) diskItems(parents map[int32]string) {
	for _, o := range d.disks() {
		d.w.item(nil, [][2]string{{"backing.writeThrough", "false"}},
			"AddressOnParent", fmt.Sprint(o.d.unit), "ElementName", o.d.spec.Label,
			"HostResource", "ovf:/disk/"+o.id, "InstanceID", d.next(),
			"Parent", parents[o.d.ctlrKey], "ResourceType", "17")
	}
}

// images writes attached ISO images: with their file only on demand.
func (d *descriptor) images(parents map[int32]string) {
	if !d.v.spec.ISO {
		return
	}
	pairs := []string{"AddressOnParent", "0", "AutomaticAllocation", "false", "ElementName", "CD/DVD drive 1"}
	for _, f := range d.files {
		if strings.HasSuffix(f.item.target, ".iso") && isTrue(d.cdp.IncludeImageFiles) {
			pairs = append(pairs, "HostResource", "ovf:/file/"+f.id)
		}
	}
	pairs = append(pairs, "InstanceID", d.next(), "Parent", parents[201])
	pairs = append(d.subtype(pairs, "vmware.cdrom.iso"), "ResourceType", "15")
	d.w.rasd([]string{"ovf:required", "false"}, pairs...)
}

func (d *descriptor) nics() {
	for i, card := range d.v.nics {
		n := card.networkName()
		var pairs []string
		if d.mac {
			pairs = append(pairs, "Address", card.mac)
		}
		pairs = append(pairs, "AddressOnParent", fmt.Sprint(7+i), "AutomaticAllocation", "true", "Connection", n,
			"Description", fmt.Sprintf("%s ethernet adapter on \"%s\"", card.kind, n),
			"ElementName", fmt.Sprintf("Network adapter %d", i+1), "InstanceID", d.next())
		pairs = append(d.subtype(pairs, card.kind), "ResourceType", "10")
		d.w.item(nil, [][2]string{{"slotInfo.pciSlotNumber", fmt.Sprint(192 + 32*i)},
			{"wakeOnLanEnabled", fmt.Sprint(card.wake)}}, pairs...)
	}
}

// settings writes what OVF itself has no words for.
func (d *descriptor) settings() {
	for _, s := range [][2]string{
		{"cpuHotAddEnabled", "false"}, {"cpuHotRemoveEnabled", "false"},
		{"memoryHotAddEnabled", "false"}, {"firmware", d.v.spec.Firmware},
		{"bootOptions.efiSecureBootEnabled", fmt.Sprint(d.v.spec.VTPM)},
		{"tools.afterPowerOn", "true"}, {"tools.afterResume", "true"},
		{"tools.beforeGuestShutdown", "true"}, {"tools.beforeGuestStandby", "true"},
		{"tools.syncTimeWithHost", "false"}, {"tools.toolsUpgradePolicy", "manual"},
		{"powerOpInfo.powerOffType", "soft"}, {"powerOpInfo.resetType", "soft"},
		{"powerOpInfo.suspendType", "hard"}, {"powerOpInfo.standbyAction", "checkpoint"},
	} {
		d.w.vmw("vmw:Config", s[0], s[1])
	}
	if d.uuid {
		d.w.vmw("vmw:Config", "uuid", d.v.spec.UUID)
	}
	for _, f := range d.files {
		if strings.HasSuffix(f.item.key, "/nvram") {
			d.w.vmw("vmw:ExtraConfig", "nvram", "ovf:/file/"+f.id)
		}
	}
	if !d.extra {
		return
	}
	for _, o := range d.v.extraConfig() {
		v := o.(*types.OptionValue)
		if v.Key != "nvram" {
			d.w.vmw("vmw:ExtraConfig", v.Key, fmt.Sprint(v.Value))
		}
	}
}
