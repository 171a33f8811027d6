package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// diskSpec is one disk of a VM; its file is the live disk, raw.
type diskSpec struct {
	File       string `json:"file"`
	Label      string `json:"label"`
	Controller string `json:"controller"`
	Unit       *int32 `json:"unit"`
	Bus        *int32 `json:"bus"`
	Thick      bool   `json:"thick"`
	Scrub      bool   `json:"scrub"`
	Mode       string `json:"mode"`
	RDM        string `json:"rdm"`
	Stream     string `json:"stream"`
	UUID       string `json:"uuid"`
}

// snapSpec is a snapshot that is there from the start.
type snapSpec struct {
	Name        string     `json:"name"`
	Description string     `json:"description"`
	Children    []snapSpec `json:"children"`
}

// vmSpec is one VM.  Names are plain: the host escapes them itself.
type vmSpec struct {
	Name         string            `json:"name"`
	Moid         string            `json:"moid"`
	UUID         string            `json:"uuid"`
	InstanceUUID string            `json:"instance_uuid"`
	Power        string            `json:"power"`
	Firmware     string            `json:"firmware"`
	Folder       string            `json:"folder"`
	Datacenter   string            `json:"datacenter"` // name or path; "": the first one
	Datastore    string            `json:"datastore"`  // "": the first one
	GuestID      string            `json:"guest_id"`
	HW           string            `json:"hw"`
	Networks     []string          `json:"networks"`
	NICs         []nicSpec         `json:"nics"`
	Disks        []diskSpec        `json:"disks"`
	NVRAM        string            `json:"nvram"`
	VTPM         bool              `json:"vtpm"`
	Snapshots    []snapSpec        `json:"snapshots"`
	ISO          bool              `json:"iso"`
	Tools        string            `json:"tools"`
	Template     bool              `json:"template"`
	CBT          bool              `json:"cbt"`
	Description  string            `json:"description"`
	ExtraConfig  map[string]string `json:"extra_config"`
	CPUs         int32             `json:"cpus"`
	MemoryMB     int32             `json:"memory_mb"`
	Question     string            `json:"question"`
}

func readSpec(file string) ([]*vmSpec, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var vms []*vmSpec
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&vms); err != nil {
		return nil, fmt.Errorf("%s: %v", file, err)
	}
	for _, vm := range vms {
		vm.fill()
		if err := vm.check(); err != nil {
			return nil, fmt.Errorf("%s: %q: %v", file, vm.Name, err)
		}
	}
	return vms, nil
}

func (s *vmSpec) fill() {
	def := func(p *string, v string) {
		if *p == "" {
			*p = v
		}
	}
	def(&s.Power, "off")
	def(&s.Firmware, "bios")
	def(&s.GuestID, "debian11_64Guest")
	def(&s.HW, "vmx-19")
	def(&s.Tools, "none")
	def(&s.UUID, nameUUID("bios", s.Moid, s.Folder, s.Name))
	def(&s.InstanceUUID, nameUUID("instance", s.Moid, s.Folder, s.Name))
	if s.Networks == nil {
		s.Networks = []string{"VM Network"}
	}
	if s.CPUs == 0 {
		s.CPUs = 1
	}
	if s.MemoryMB == 0 {
		s.MemoryMB = 1024
	}
	for i := range s.Disks {
		d := &s.Disks[i]
		def(&d.Controller, "pvscsi")
		def(&d.Mode, "persistent")
		def(&d.Stream, "host")
		def(&d.Label, fmt.Sprintf("Hard disk %d", i+1))
		def(&d.UUID, nameUUID("disk", s.UUID, d.File, d.Label))
	}
}

func (s *vmSpec) check() error {
	if s.Name == "" {
		return fmt.Errorf("no name")
	}
	oneOf := func(what, v string, allowed ...string) error {
		for _, a := range allowed {
			if v == a {
				return nil
			}
		}
		return fmt.Errorf("%s %q", what, v)
	}
	errs := []error{
		oneOf("power", s.Power, "on", "off"),
		oneOf("firmware", s.Firmware, "bios", "efi"),
		oneOf("tools", s.Tools, "ok", "none"),
	}
	for _, d := range s.Disks {
		errs = append(errs,
			oneOf("controller", d.Controller, "pvscsi", "lsilogic", "lsilogicsas", "buslogic", "sata", "ide", "nvme"),
			oneOf("mode", d.Mode, "persistent", "independent_persistent", "independent_nonpersistent"),
			oneOf("rdm", d.RDM, "", "physical", "virtual"),
			oneOf("stream", d.Stream, "host", "qemu"))
		if !filepath.IsAbs(d.File) {
			errs = append(errs, fmt.Errorf("disk file %q is not absolute", d.File))
		}
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// inSnapshot tells whether a snapshot of the VM holds this disk.
func (d *diskSpec) inSnapshot() bool {
	return d.Mode == "persistent" && d.RDM != "physical"
}
