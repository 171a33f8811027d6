package main

import (
	"fmt"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// site is the one datacenter with what VMs need.
type site struct {
	dc        *simulator.Datacenter
	host      *simulator.HostSystem
	compute   *mo.ComputeResource
	pool      types.ManagedObjectReference
	datastore *simulator.Datastore
	networks  map[string]types.ManagedObjectReference
	folders   map[string]*simulator.Folder
	browser   types.ManagedObjectReference
}

const (
	datastoreName = "datastore1"
	datastoreSize = 1 << 40
	volumeUUID    = "5f8a1c2e-6b1d2f3a-9c4e-005056b1c0de"
)

// buildInventory takes the simulator's empty model and puts our VMs into it.
func (h *Host) buildInventory(specs []*vmSpec) error {
	m := simulator.ESX()
	if h.vc {
		m = simulator.VPX()
		m.Portgroup, m.Host, m.ClusterHost = 0, 0, 1
	}
	m.Datastore, m.Machine, m.Autostart = 0, 0, false
	if err := m.Create(); err != nil {
		return err
	}
	h.sim = m.Service
	h.fillContent()
	h.loginSim()
	h.setLicense(false)
	h.fillSite()
	h.addDatastore()
	for i, spec := range specs {
		if err := h.addVM(i, spec); err != nil {
			return fmt.Errorf("%q: %v", spec.Name, err)
		}
	}
	return nil
}

// fillContent makes the product one of today: the templates are of 6.5.
func (h *Host) fillContent() {
	si := simulator.Map.Get(types.ManagedObjectReference{Type: "ServiceInstance", Value: "ServiceInstance"}).(*simulator.ServiceInstance)
	a := &si.Content.About
	if h.vc {
		a.FullName, a.Version, a.Build = "VMware vCenter Server 8.0.3 build-69507950", "8.0.3", "69507950"
		a.ApiVersion, a.LicenseProductVersion = "8.0.2.0", "8.0"
		a.InstanceUuid = nameUUID("vcenter")
	} else {
		a.FullName, a.Version, a.Build = "VMware ESXi 7.0.3 build-20328353", "7.0.3", "20328353"
		a.ApiVersion, a.LicenseProductVersion = "7.0.3.0", "7.0"
	}
	h.content = si.Content
	if ovf, ok := simulator.Map.Get(*h.content.OvfManager).(*simulator.OvfManager); ok {
		ovf.OvfExportOption = exportOptions()
	}
}

func (h *Host) fillSite() {
	s := &h.site
	s.dc = simulator.Map.Any("Datacenter").(*simulator.Datacenter)
	s.host = simulator.Map.Any("HostSystem").(*simulator.HostSystem)
	s.compute, _ = managed(simulator.Map.Get(*s.host.Parent)).Addr().Interface().(*mo.ComputeResource)
	if c, ok := simulator.Map.Get(*s.host.Parent).(*simulator.ClusterComputeResource); ok {
		s.compute = &c.ComputeResource
		c.Name = "Cluster"
	}
	s.pool = *s.compute.ResourcePool
	if s.compute.EnvironmentBrowser != nil {
		s.browser = *s.compute.EnvironmentBrowser
	}
	s.networks = make(map[string]types.ManagedObjectReference)
	for _, ref := range s.dc.Network {
		s.networks[entityName(simulator.Map.Get(ref))] = ref
	}
	s.folders = map[string]*simulator.Folder{"": simulator.Map.Get(s.dc.VmFolder).(*simulator.Folder)}
	if p := s.host.Summary.Config.Product; p != nil {
		about := *p
		about.FullName, about.Version, about.Build = "VMware ESXi 7.0.3 build-20328353", "7.0.3", "20328353"
		about.ApiVersion, about.LicenseProductVersion = "7.0.3.0", "7.0"
		s.host.Summary.Config.Product = &about
	}
	if h.vc {
		s.dc.Name = "Lab"
		s.host.Name = nfcHostName
		s.host.Summary.Config.Name = nfcHostName
	}
}

func (h *Host) addDatastore() {
	ref := types.ManagedObjectReference{Type: "Datastore", Value: volumeUUID}
	if h.vc {
		ref.Value = "datastore-17"
	}
	url := "ds:///vmfs/volumes/" + volumeUUID + "/"
	ds := &simulator.Datastore{}
	ds.Self, ds.Name = ref, datastoreName
	ds.Summary = types.DatastoreSummary{
		Datastore: &ref, Name: datastoreName, Url: url,
		Capacity: datastoreSize, FreeSpace: datastoreSize * 6 / 10,
		Accessible: true, MultipleHostAccess: types.NewBool(h.vc),
		Type: "VMFS", MaintenanceMode: "normal",
	}
	ds.Info = &types.VmfsDatastoreInfo{
		DatastoreInfo: types.DatastoreInfo{Name: datastoreName, Url: url,
			FreeSpace: ds.Summary.FreeSpace, MaxFileSize: 64 << 40},
		Vmfs: &types.HostVmfsVolume{
			HostFileSystemVolume: types.HostFileSystemVolume{Type: "VMFS", Name: datastoreName, Capacity: datastoreSize},
			BlockSizeMb:          1, MajorVersion: 6, Version: "6.82", Uuid: volumeUUID,
		},
	}
	ds.Capability = types.DatastoreCapability{DirectoryHierarchySupported: true,
		RawDiskMappingsSupported: true, PerFileThinProvisioningSupported: true}
	ds.Host = []types.DatastoreHostMount{{Key: h.site.host.Self, MountInfo: types.HostMountInfo{
		Path: "/vmfs/volumes/" + volumeUUID, AccessMode: "readWrite",
		Mounted: types.NewBool(true), Accessible: types.NewBool(true)}}}

	folder := simulator.Map.Get(h.site.dc.DatastoreFolder).(*simulator.Folder)
	folder.ChildEntity = []types.ManagedObjectReference{ref}
	simulator.Map.PutEntity(folder, ds)
	refs := []types.ManagedObjectReference{ref}
	h.site.dc.Datastore, h.site.host.Datastore, h.site.compute.Datastore = refs, refs, refs
	h.site.datastore = ds
}

// network finds or makes the named network.
func (h *Host) network(name string) types.ManagedObjectReference {
	if ref, ok := h.site.networks[name]; ok {
		return ref
	}
	n := &mo.Network{Name: name}
	n.Entity().Name = name
	n.Self = types.ManagedObjectReference{Type: "Network", Value: "HaNetwork-" + name}
	if h.vc {
		n.Self.Value = fmt.Sprintf("network-%d", h.id())
	}
	n.Summary = &types.NetworkSummary{Network: &n.Self, Name: name, Accessible: true}
	folder := simulator.Map.Get(h.site.dc.NetworkFolder).(*simulator.Folder)
	folder.ChildEntity = append(folder.ChildEntity, n.Self)
	simulator.Map.PutEntity(folder, n)
	h.site.dc.Network = append(h.site.dc.Network, n.Self)
	h.site.host.Network = append(h.site.host.Network, n.Self)
	h.site.compute.Network = append(h.site.compute.Network, n.Self)
	h.site.networks[name] = n.Self
	return n.Self
}

// folder finds or makes a folder of VMs such as "web/front"; an ESXi has none.
func (h *Host) folder(path string) *simulator.Folder {
	path = strings.Trim(path, "/")
	if !h.vc {
		path = ""
	}
	if f, ok := h.site.folders[path]; ok {
		return f
	}
	up, name := "", path
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		up, name = path[:i], path[i+1:]
	}
	parent := h.folder(up)
	f := &simulator.Folder{}
	f.Name = escapeName(name)
	f.Self = types.ManagedObjectReference{Type: "Folder", Value: fmt.Sprintf("group-v%d", h.id())}
	f.ChildType = []string{"Folder", "VirtualMachine", "VirtualApp"}
	parent.ChildEntity = append(parent.ChildEntity, f.Self)
	simulator.Map.PutEntity(parent, f)
	h.site.folders[path] = f
	return f
}

// vmRef makes the VM's id: "12" on an ESXi, "vm-12" on a vCenter.
func (h *Host) vmRef(i int, moid string) types.ManagedObjectReference {
	if moid == "" {
		moid = fmt.Sprint(i + 12)
	}
	if h.vc && !strings.HasPrefix(moid, "vm-") {
		moid = "vm-" + moid
	}
	return types.ManagedObjectReference{Type: "VirtualMachine", Value: moid}
}

func (h *Host) addVM(i int, spec *vmSpec) error {
	v, err := newVM(h, h.vmRef(i, spec.Moid), spec)
	if err != nil {
		return err
	}
	folder := h.folder(spec.Folder)
	folder.ChildEntity = append(folder.ChildEntity, v.ref)
	simulator.Map.PutEntity(folder, v.mo)
	h.site.host.Vm = append(h.site.host.Vm, v.ref)
	h.site.datastore.Vm = append(h.site.datastore.Vm, v.ref)
	if p, ok := simulator.Map.Get(h.site.pool).(*simulator.ResourcePool); ok && !spec.Template {
		p.Vm = append(p.Vm, v.ref)
	}
	for _, n := range v.mo.Network {
		if net, ok := simulator.Map.Get(n).(*mo.Network); ok {
			net.Vm = append(net.Vm, v.ref)
		}
	}
	h.vms = append(h.vms, v)
	return nil
}

// vmOf finds the VM that an object belongs to, nil if it belongs to none.
func (h *Host) vmOf(ref types.ManagedObjectReference) *vm {
	if l := h.leases[ref]; l != nil {
		return l.vm
	}
	for _, v := range h.vms {
		if v.ref == ref || v.snapshot(ref) != nil {
			return v
		}
	}
	return nil
}

// vmNamed finds VMs for the control interface: by id or by plain name.
func (h *Host) vmNamed(name string) *vm {
	for _, v := range h.vms {
		if v.ref.Value == name {
			return v
		}
	}
	for _, v := range h.vms {
		if v.spec.Name == name {
			return v
		}
	}
	return nil
}
