package main

import (
	"fmt"
	"os"
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
	if h.cfg.siteFile != "" {
		if err := h.buildSite(h.cfg.siteFile); err != nil {
			return err
		}
	}
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
	ds := h.newDatastore(ref, "VMFS", datastoreName, volumeUUID, datastoreSize, datastoreSize*6/10)
	folder := simulator.Map.Get(h.site.dc.DatastoreFolder).(*simulator.Folder)
	folder.ChildEntity = []types.ManagedObjectReference{ref}
	simulator.Map.PutEntity(folder, ds)
	h.site.dc.Datastore = []types.ManagedObjectReference{ref}
	h.mount(ds, h.site.host)
	h.site.datastore = ds
}

func (h *Host) newDatastore(ref types.ManagedObjectReference, kind, name, uuid string, size, free int64) *simulator.Datastore {
	if kind == "vsan" || kind == "VVOL" {
		uuid = strings.ToLower(kind) + ":" + uuid
	}
	name = escapeName(name)
	url := "ds:///vmfs/volumes/" + uuid + "/"
	ds := &simulator.Datastore{}
	ds.Self, ds.Name = ref, name
	ds.Summary = types.DatastoreSummary{
		Datastore: &ds.Self, Name: name, Url: url,
		Capacity: size, FreeSpace: free,
		Accessible: true, MultipleHostAccess: types.NewBool(h.vc),
		Type: kind, MaintenanceMode: "normal",
	}
	ds.Info = storeInfo(kind, name, uuid, types.DatastoreInfo{Name: name, Url: url,
		FreeSpace: free, MaxFileSize: 64 << 40}, size)
	newBrowser(ds, "datastoreBrowser-"+ref.Value)
	ds.Capability = types.DatastoreCapability{DirectoryHierarchySupported: true,
		RawDiskMappingsSupported: true, PerFileThinProvisioningSupported: true}
	return ds
}

// mount gives a datastore to a host and the compute resource it is in.
func (h *Host) mount(ds *simulator.Datastore, host *simulator.HostSystem) {
	ds.Host = append(ds.Host, types.DatastoreHostMount{Key: host.Self, MountInfo: types.HostMountInfo{
		Path: strings.TrimSuffix(strings.TrimPrefix(ds.Summary.Url, "ds://"), "/"), AccessMode: "readWrite",
		Mounted: types.NewBool(true), Accessible: types.NewBool(true)}})
	host.Datastore = append(host.Datastore, ds.Self)
	c, _ := computeResource(*host.Parent)
	if !hasRef(c.Datastore, ds.Self) {
		c.Datastore = append(c.Datastore, ds.Self)
	}
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
	if ref := h.childNamed(parent.Self, escapeName(name)); ref != nil {
		// The site's.
		if f, ok := simulator.Map.Get(*ref).(*simulator.Folder); ok {
			h.site.folders[path] = f
			return f
		}
	}
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

// home is where VMs of the spec are if it names no other place: in the one
// datacenter there always is.
func (h *Host) home(folder *simulator.Folder) place {
	return place{folder: folder, pool: h.site.pool, host: h.site.host, ds: h.site.datastore, browser: h.site.browser}
}

func (h *Host) addVM(i int, spec *vmSpec) error {
	at, err := h.specPlace(spec)
	if err != nil {
		return err
	}
	v, err := newVM(h, h.vmRef(i, spec.Moid), spec, at)
	if err == nil {
		h.register(v)
	}
	return err
}

// register puts a VM into the inventory.
func (h *Host) register(v *vm) {
	at := &v.at
	at.folder.ChildEntity = append(at.folder.ChildEntity, v.ref)
	simulator.Map.PutEntity(at.folder, v.mo)
	at.host.Vm = append(at.host.Vm, v.ref)
	at.ds.Vm = append(at.ds.Vm, v.ref)
	if p, ok := simulator.Map.Get(at.pool).(*simulator.ResourcePool); ok && !v.spec.Template {
		p.Vm = append(p.Vm, v.ref)
	}
	for _, n := range v.mo.Network {
		if list := networkVMs(n); list != nil {
			*list = append(*list, v.ref)
		}
	}
	h.vms = append(h.vms, v)
}

// networkVMs is a network's list of the VMs on it.
func networkVMs(ref types.ManagedObjectReference) *[]types.ManagedObjectReference {
	switch n := simulator.Map.Get(ref).(type) {
	case *mo.Network:
		return &n.Vm
	case *simulator.DistributedVirtualPortgroup:
		return &n.Vm
	}
	return nil
}

// unregister takes a VM out of the inventory; an imported one's files go too.
func (h *Host) unregister(v *vm) {
	at := &v.at
	simulator.RemoveReference(&at.folder.ChildEntity, v.ref)
	simulator.RemoveReference(&at.host.Vm, v.ref)
	simulator.RemoveReference(&at.ds.Vm, v.ref)
	if p, ok := simulator.Map.Get(at.pool).(*simulator.ResourcePool); ok {
		simulator.RemoveReference(&p.Vm, v.ref)
	}
	for _, n := range v.mo.Network {
		if list := networkVMs(n); list != nil {
			simulator.RemoveReference(list, v.ref)
		}
	}
	for i, o := range h.vms {
		if o == v {
			h.vms = append(h.vms[:i:i], h.vms[i+1:]...)
			break
		}
	}
	simulator.Map.Remove(v.ref)
	for _, d := range v.disks {
		h.giveBack(at.ds, d.taken)
		if v.own != "" {
			_ = d.raw.f.Close()
		}
	}
	if v.own != "" {
		_ = os.RemoveAll(v.own)
	}
}

// take books space of a datastore; false if there is not so much.
func (h *Host) take(ds *simulator.Datastore, n int64) bool {
	if n > ds.Summary.FreeSpace {
		return false
	}
	h.giveBack(ds, -n)
	return true
}

func (h *Host) giveBack(ds *simulator.Datastore, n int64) {
	ds.Summary.FreeSpace += n
	ds.Info.GetDatastoreInfo().FreeSpace = ds.Summary.FreeSpace
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
