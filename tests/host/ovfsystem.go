package main

import (
	"strings"

	"github.com/vmware/govmomi/vim25/types"
)

// systemSpec makes a VM's specification of a VirtualSystem.
func (h *Host) systemSpec(e *envelope, n *node, cisp *types.OvfCreateImportSpecParams, at *target, name string,
	files map[*fileRef][]types.OvfFileItem) *types.VirtualMachineImportSpec {
	m := &machine{h: h, e: e, cisp: cisp, nets: at.networks, ds: at.ds.Name, name: name, files: files, key: -100,
		buses: make(map[int32]bool)}
	m.spec.Name = name
	m.spec.Files = &types.VirtualMachineFileInfo{VmPathName: "[" + at.ds.Name + "]"}
	hw := n.child(e.ns, "VirtualHardwareSection")
	if hw == nil {
		e.missing(n, "VirtualHardwareSection")
		return &types.VirtualMachineImportSpec{}
	}
	m.spec.Version = e.hardwareFamily(hw)
	m.guest(n.child(e.ns, "OperatingSystemSection"))
	if a := n.child(e.ns, "AnnotationSection"); a != nil {
		m.spec.Annotation = a.childText(e.ns, "Annotation")
	}
	m.items = e.hardwareItems(hw)
	m.hardware()
	for _, k := range hw.kids {
		if k.space != nsVMW {
			continue
		}
		key, _ := k.attr(nsVMW, "key")
		value, _ := k.attr(nsVMW, "value")
		switch k.name {
		case "Config":
			m.config(k, key, value)
		case "ExtraConfig":
			m.extraConfig(k, key, value)
		}
	}
	m.spec.VAppConfig = e.vAppConfig(n)
	return &types.VirtualMachineImportSpec{ConfigSpec: m.spec}
}

// osByID maps CIM numbers for descriptors without a type of VMware's.
var osByID = map[string]string{"1": "otherGuest", "36": "otherLinuxGuest", "80": "rhel7_64Guest",
	"94": "ubuntu64Guest", "96": "debian11_64Guest", "101": "otherLinux64Guest", "112": "windows2019srv_64Guest"}

func (m *machine) guest(n *node) {
	m.spec.GuestId = "otherGuest"
	if n == nil {
		return
	}
	id, _ := n.attr(m.e.ns, "id")
	if kind, ok := n.attr(nsVMW, "osType"); ok {
		if strings.HasSuffix(kind, "Guest") || strings.HasSuffix(kind, "Guest64") {
			m.spec.GuestId = kind
			return
		}
		id = kind
	} else if kind, ok := osByID[id]; ok {
		m.spec.GuestId = kind
		return
	}
	m.e.warn(&types.OvfMappedOsId{OvfId: 0, OvfDescription: id, TargetDescription: "Other (32-bit)"},
		"The specified operating system identifier '' (id: %s) is not supported on the selected host. "+
			"It will be mapped to the following OS identifier: 'Other (32-bit)'.", id)
}

// config applies a setting of VMware's own.
func (m *machine) config(n *node, key, value string) {
	s := &m.spec
	yes := types.NewBool(value == "true")
	tools := func() *types.ToolsConfigInfo {
		if s.Tools == nil {
			s.Tools = &types.ToolsConfigInfo{}
		}
		return s.Tools
	}
	boot := func() *types.VirtualMachineBootOptions {
		if s.BootOptions == nil {
			s.BootOptions = &types.VirtualMachineBootOptions{}
		}
		return s.BootOptions
	}
	power := func() *types.VirtualMachineDefaultPowerOpInfo {
		if s.PowerOpInfo == nil {
			s.PowerOpInfo = &types.VirtualMachineDefaultPowerOpInfo{}
		}
		return s.PowerOpInfo
	}
	switch key {
	case "uuid":
		s.Uuid = value
	case "firmware":
		if value != "bios" && value != "efi" {
			m.e.badAttribute(n, "value", value)
		}
		s.Firmware = value
	case "cpuHotAddEnabled":
		s.CpuHotAddEnabled = yes
	case "cpuHotRemoveEnabled":
		s.CpuHotRemoveEnabled = yes
	case "memoryHotAddEnabled":
		s.MemoryHotAddEnabled = yes
	case "nestedHVEnabled":
		s.NestedHVEnabled = yes
	case "virtualICH7MPresent":
		s.VirtualICH7MPresent = yes
	case "virtualSMCPresent":
		s.VirtualSMCPresent = yes
	case "bootOptions.efiSecureBootEnabled":
		boot().EfiSecureBootEnabled = yes
	case "tools.afterPowerOn":
		tools().AfterPowerOn = yes
	case "tools.afterResume":
		tools().AfterResume = yes
	case "tools.beforeGuestShutdown":
		tools().BeforeGuestShutdown = yes
	case "tools.beforeGuestStandby":
		tools().BeforeGuestStandby = yes
	case "tools.syncTimeWithHost":
		tools().SyncTimeWithHost = yes
	case "tools.toolsUpgradePolicy":
		tools().ToolsUpgradePolicy = value
	case "powerOpInfo.powerOffType":
		power().PowerOffType = value
	case "powerOpInfo.resetType":
		power().ResetType = value
	case "powerOpInfo.suspendType":
		power().SuspendType = value
	case "powerOpInfo.standbyAction":
		power().StandbyAction = value
	case "flags.vbsEnabled", "flags.vvtdEnabled", "simultaneousThreads", "virtualNuma.coresPerNumaNode",
		"bootOptions.bootRetryEnabled", "bootOptions.enterBIOSSetup", "memoryReservationLockedToMax",
		"cpuAllocation.shares.shares", "cpuAllocation.shares.level", "memoryAllocation.shares.shares",
		"memoryAllocation.shares.level", "latencySensitivity.level", "vPMCEnabled":
	default:
		m.e.refuseItem(n, &types.OvfInvalidValueFormatMalformed{OvfInvalidValue: m.e.attribute(n, "key", key)},
			"Unable to parse '%s' for attribute 'key' on element 'Config'.", key)
	}
}

// extraConfig passes options on.  An nvram that names a file is uploaded.
func (m *machine) extraConfig(n *node, key, value string) {
	if key == "" {
		m.e.badAttribute(n, "key", key)
		return
	}
	if key == "nvram" && strings.HasPrefix(value, "ovf:/file/") {
		f := m.e.fileOf(n, value)
		if f == nil {
			return
		}
		m.wants(f, "nvram", 0, true)
	}
	m.spec.ExtraConfig = append(m.spec.ExtraConfig, &types.OptionValue{Key: key, Value: value})
}
