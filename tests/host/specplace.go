package main

import (
	"fmt"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// specPlace is where a VM of the spec goes.  An ESXi has one datacenter and
// no folders: there the spec's are of no matter.
func (h *Host) specPlace(spec *vmSpec) (place, error) {
	at := h.home(nil)
	dc := h.site.dc
	if h.vc && spec.Datacenter != "" {
		if dc = h.datacenterNamed(spec.Datacenter); dc == nil {
			return at, fmt.Errorf("no datacenter %q", spec.Datacenter)
		}
	}
	if dc == h.site.dc {
		at.folder = h.folder(spec.Folder)
	} else {
		b := &dcBuilder{h: h, dc: dc}
		at.folder = b.subfolder(simulator.Map.Get(dc.VmFolder).(*simulator.Folder), spec.Folder,
			[]string{"Folder", "VirtualMachine", "VirtualApp"}, "group-v")
	}
	if dc == h.site.dc && spec.Datastore == "" {
		return at, nil
	}
	for _, ref := range dc.Datastore {
		ds := simulator.Map.Get(ref).(*simulator.Datastore)
		if spec.Datastore != "" && unescapeName(ds.Name) != spec.Datastore || len(ds.Host) == 0 {
			continue
		}
		at.ds = ds
		h.placeOn(&at)
		return at, h.checkNetworks(dc, at.host, spec)
	}
	return at, fmt.Errorf("no datastore %q with a host in datacenter %q", spec.Datastore, unescapeName(dc.Name))
}

// placeOn takes a host that has the datastore.
func (h *Host) placeOn(at *place) {
	at.host = simulator.Map.Get(at.ds.Host[0].Key).(*simulator.HostSystem)
	for _, m := range at.ds.Host {
		if m.Key == h.site.host.Self {
			at.host = h.site.host
		}
	}
	c, _ := computeResource(*at.host.Parent)
	at.pool, at.browser = *c.ResourcePool, types.ManagedObjectReference{}
	if c.EnvironmentBrowser != nil {
		at.browser = *c.EnvironmentBrowser
	}
}

func (h *Host) datacenterNamed(path string) *simulator.Datacenter {
	for _, o := range simulator.Map.All("Datacenter") {
		dc := o.(*simulator.Datacenter)
		if unescapeName(dc.Name) == path || unescapeName(strings.Join(h.datacenterPath(dc), "/")) == path {
			return dc
		}
	}
	return nil
}

// checkNetworks tells of networks that the VM could not have: only those of
// the first datacenter are made when a VM asks for them.
func (h *Host) checkNetworks(dc *simulator.Datacenter, host *simulator.HostSystem, spec *vmSpec) error {
	names := append([]string(nil), spec.Networks...)
	for _, n := range spec.NICs {
		names = append(names, n.Network)
	}
	for _, name := range names {
		if _, ok := hostNetwork(host, name); !ok && dc != h.site.dc {
			return fmt.Errorf("no network %q on host %s", name, host.Name)
		}
	}
	return nil
}

func hostNetwork(host *simulator.HostSystem, name string) (types.ManagedObjectReference, bool) {
	for _, ref := range host.Network {
		if unescapeName(entityName(simulator.Map.Get(ref))) == name {
			return ref, true
		}
	}
	return types.ManagedObjectReference{}, false
}

// storeInfo is what a datastore of a type tells of itself.
func storeInfo(kind, name, uuid string, base types.DatastoreInfo, size int64) types.BaseDatastoreInfo {
	volume := types.HostFileSystemVolume{Type: kind, Name: name, Capacity: size}
	switch kind {
	case "vsan":
		return &types.VsanDatastoreInfo{DatastoreInfo: base, MembershipUuid: uuid}
	case "VVOL":
		return &types.VvolDatastoreInfo{DatastoreInfo: base}
	case "NFS":
		return &types.NasDatastoreInfo{DatastoreInfo: base, Nas: &types.HostNasVolume{HostFileSystemVolume: volume,
			RemoteHost: "nfs.lab.test", RemotePath: "/export", RemoteHostNames: []string{"nfs.lab.test"}}}
	}
	return &types.VmfsDatastoreInfo{DatastoreInfo: base, Vmfs: &types.HostVmfsVolume{HostFileSystemVolume: volume,
		BlockSizeMb: 1, MajorVersion: 6, Version: "6.82", Uuid: uuid}}
}

// newBrowser makes the object that a datastore names as its browser.
func newBrowser(ds *simulator.Datastore, id string) {
	b := &mo.HostDatastoreBrowser{Self: types.ManagedObjectReference{Type: "HostDatastoreBrowser", Value: id},
		Datastore: []types.ManagedObjectReference{ds.Self}}
	simulator.Map.Put(b)
	ds.Browser = b.Self
}
