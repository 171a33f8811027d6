package main

import (
	"fmt"
	"sort"
	"strings"
)

// spacedUUID is how a host's text files write one: in pairs, eight a half.
func spacedUUID(uuid string) string {
	hex := strings.ToLower(strings.ReplaceAll(uuid, "-", ""))
	var pairs []string
	for i := 0; i+1 < len(hex); i += 2 {
		pairs = append(pairs, hex[i:i+2])
	}
	if len(pairs) != 16 {
		return uuid
	}
	return strings.Join(pairs[:8], " ") + "-" + strings.Join(pairs[8:], " ")
}

// vmxQuote writes a value the way a .vmx has it: what would end it is |XX.
func vmxQuote(s string) string {
	return `"` + strings.NewReplacer(`"`, "|22", "|", "|7C", "#", "|23", "\n", "|0A", "\r", "|0D").Replace(s) + `"`
}

// vmxText is the VM's configuration file.
func (v *vm) vmxText() string {
	var b strings.Builder
	set := func(key, value string) { fmt.Fprintf(&b, "%s = %s\n", key, vmxQuote(value)) }
	set(".encoding", "UTF-8")
	set("config.version", "8")
	set("virtualHW.version", strings.TrimPrefix(v.spec.HW, "vmx-"))
	if v.spec.NVRAM != "" {
		set("nvram", v.dir+".nvram")
	}
	set("displayName", v.spec.Name)
	set("guestOS", strings.ToLower(strings.ReplaceAll(strings.TrimSuffix(v.spec.GuestID, "Guest"), "_", "-")))
	if v.spec.Firmware == "efi" {
		set("firmware", "efi")
	}
	set("numvcpus", fmt.Sprint(v.spec.CPUs))
	set("memSize", fmt.Sprint(v.spec.MemoryMB))
	set("uuid.bios", spacedUUID(v.spec.UUID))
	set("uuid.location", spacedUUID(nameUUID("location", v.spec.UUID)))
	set("vc.uuid", spacedUUID(v.spec.InstanceUUID))
	if v.spec.Description != "" {
		set("annotation", v.spec.Description)
	}
	if v.spec.CBT {
		set("ctkEnabled", "TRUE")
	}
	v.vmxDisks(set)
	v.vmxNICs(set)
	keys := make([]string, 0, len(v.spec.ExtraConfig))
	for k := range v.spec.ExtraConfig {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		set(k, v.spec.ExtraConfig[k])
	}
	return b.String()
}

// vmxBuses are the names that a .vmx has for controllers.
var vmxBuses = map[string]struct{ bus, device string }{
	"pvscsi": {"scsi", "pvscsi"}, "lsilogic": {"scsi", "lsilogic"}, "lsilogicsas": {"scsi", "lsisas1068"},
	"buslogic": {"scsi", "buslogic"}, "sata": {"sata", ""}, "ide": {"ide", ""}, "nvme": {"nvme", ""},
}

func (v *vm) vmxDisks(set func(key, value string)) {
	done := make(map[string]bool)
	for _, d := range v.disks {
		kind := vmxBuses[d.spec.Controller]
		bus := fmt.Sprintf("%s%d", kind.bus, d.ctlrKey-controllers[d.spec.Controller].key)
		if !done[bus] {
			done[bus] = true
			if kind.device != "" {
				set(bus+".virtualDev", kind.device)
			}
			set(bus+".present", "TRUE")
		}
		at := fmt.Sprintf("%s:%d", bus, d.unit)
		if kind.bus == "scsi" {
			set(at+".deviceType", "scsi-hardDisk")
		}
		set(at+".fileName", baseName(d.live()))
		if d.spec.Mode != "persistent" {
			set(at+".mode", strings.ReplaceAll(d.spec.Mode, "_", "-"))
		}
		if v.spec.CBT {
			set(at+".ctkEnabled", "TRUE")
		}
		set(at+".present", "TRUE")
	}
}

func (v *vm) vmxNICs(set func(key, value string)) {
	for i, n := range v.nics {
		at := fmt.Sprintf("ethernet%d", i)
		set(at+".virtualDev", n.kind)
		set(at+".networkName", n.networkName())
		set(at+".addressType", n.addressType)
		set(at+".generatedAddress", n.mac)
		set(at+".present", "TRUE")
	}
}

// vmsdText is the list of the snapshots.
func (v *vm) vmsdText() string {
	var b strings.Builder
	set := func(key, value string) { fmt.Fprintf(&b, "%s = %s\n", key, vmxQuote(value)) }
	set(".encoding", "UTF-8")
	n := 0
	v.eachSnapshot(func(s *snapshot) {
		at := fmt.Sprintf("snapshot%d", n)
		n++
		set(at+".uid", fmt.Sprint(s.id))
		set(at+".filename", s.file)
		set(at+".displayName", s.name)
		set(at+".description", s.description)
		if s.parent != nil {
			set(at+".parent", fmt.Sprint(s.parent.id))
		}
		k := 0
		for _, d := range v.disks {
			if f, ok := s.files[d]; ok {
				set(fmt.Sprintf("%s.disk%d.fileName", at, k), baseName(f.chain[len(f.chain)-1]))
				k++
			}
		}
		set(at+".numDisks", fmt.Sprint(k))
	})
	set("snapshot.lastUID", fmt.Sprint(v.nextSnap))
	if v.current != nil {
		set("snapshot.current", fmt.Sprint(v.current.id))
	}
	set("snapshot.numSnapshots", fmt.Sprint(n))
	return b.String()
}

// diskText is the descriptor of link i of a disk's chain.
func (v *vm) diskText(d *vmDisk, i int, path string) string {
	kind, extent := "vmfs", "VMFS"
	switch {
	case i > 0:
		kind, extent = "seSparse", "SESPARSE"
	case d.spec.RDM == "physical":
		kind, extent = "vmfsPassthroughRawDeviceMap", "VMFSRDM"
	case d.spec.RDM != "":
		kind, extent = "vmfsRawDeviceMap", "VMFSRDM"
	}
	name := v.extentName(d, i, path)
	if name == "" {
		name = "vsan://" + nameUUID("object", d.uuid, path)
	}
	parent, hint := uint32(0xffffffff), ""
	if i > 0 {
		up := v.diskFiles(d)[i-1]
		parent = v.linkCID(d, up)
		hint = fmt.Sprintf("parentFileNameHint=\"%s\"\n", baseName(up))
	}
	cid := v.linkCID(d, path)
	sectors := uint64(d.raw.size / sector)
	cyl, heads, spt := geometry(sectors)
	var db strings.Builder
	set := func(key string, value interface{}) { fmt.Fprintf(&db, "ddb.%s = \"%v\"\n", key, value) }
	set("adapterType", d.adapter)
	set("geometry.cylinders", cyl)
	set("geometry.heads", heads)
	set("geometry.sectors", spt)
	set("longContentID", contentID(d, i+1)[:24]+fmt.Sprintf("%08x", cid))
	if !d.spec.Thick && i == 0 {
		set("thinProvisioned", 1)
	}
	set("uuid", strings.ToUpper(spacedUUID(diskUUID(d.uuid))))
	set("virtualHWVersion", strings.TrimPrefix(v.spec.HW, "vmx-"))
	return fmt.Sprintf("# Disk DescriptorFile\nversion=1\nencoding=\"UTF-8\"\nCID=%08x\nparentCID=%08x\n"+
		"createType=\"%s\"\n%s\n# Extent description\nRW %d %s \"%s\"\n\n# The Disk Data Base \n#DDB\n\n%s",
		cid, parent, kind, hint, sectors, extent, name, db.String())
}

// linkCID is the content id of a link: it stays while nothing writes to it.
func (v *vm) linkCID(d *vmDisk, path string) uint32 {
	gen := d.raw.gen
	v.eachSnapshot(func(s *snapshot) {
		if f, ok := s.files[d]; ok && baseName(f.chain[len(f.chain)-1]) == baseName(path) {
			gen = f.content.gen
		}
	})
	return contentCID(d.uuid, gen)
}
