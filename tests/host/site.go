package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/simulator/esx"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// siteSpec is what there is beside the one datacenter that there always is;
// a datacenter, cluster or network of a name that is there is that one, and a
// datacenter without a name the first one.
type siteSpec struct {
	Datacenters []dcSpec `json:"datacenters"`
}

type dcSpec struct {
	Name       string        `json:"name"`
	Folder     string        `json:"folder"` // of datacenters
	VMFolders  []string      `json:"vm_folders"`
	Clusters   []clusterSpec `json:"clusters"`
	Hosts      []clusterSpec `json:"hosts"` // that stand alone
	Datastores []storeSpec   `json:"datastores"`
}

type clusterSpec struct {
	Name       string   `json:"name"`
	DRS        bool     `json:"drs"`
	Hosts      []string `json:"hosts"`
	Pools      []string `json:"pools"` // "gold/inner" lies in "gold"
	Networks   []string `json:"networks"`
	Portgroups []string `json:"portgroups"` // of a distributed switch
}

type storeSpec struct {
	Name  string   `json:"name"`
	Type  string   `json:"type"` // VMFS, NFS, vsan, VVOL
	Size  int64    `json:"size"`
	Free  int64    `json:"free"`
	Hosts []string `json:"hosts"` // none: all of the datacenter
}

// buildSite adds what --site says.
func (h *Host) buildSite(file string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var s siteSpec
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return fmt.Errorf("%s: %v", file, err)
	}
	for i := range s.Datacenters {
		d := &dcBuilder{h: h, spec: &s.Datacenters[i], hosts: make(map[string]*simulator.HostSystem),
			nets: make(map[string]types.ManagedObjectReference)}
		if err := d.build(); err != nil {
			return fmt.Errorf("%s: %v", file, err)
		}
	}
	return nil
}

type dcBuilder struct {
	h     *Host
	spec  *dcSpec
	dc    *simulator.Datacenter
	hosts map[string]*simulator.HostSystem
	nets  map[string]types.ManagedObjectReference
}

func (d *dcBuilder) ref(kind, prefix string) types.ManagedObjectReference {
	return types.ManagedObjectReference{Type: kind, Value: fmt.Sprintf("%s-%d", prefix, d.h.id())}
}

// child finds an entity of that name below a folder.
func (d *dcBuilder) child(folder types.ManagedObjectReference, name string) mo.Reference {
	ref := d.h.childNamed(folder, escapeName(name))
	if ref == nil {
		return nil
	}
	return simulator.Map.Get(*ref)
}

func (d *dcBuilder) build() error {
	if d.spec.Name == "" {
		d.spec.Name, d.spec.Folder = unescapeName(d.h.site.dc.Name), ""
	}
	root := d.subfolder(simulator.Map.Get(d.h.content.RootFolder).(*simulator.Folder), d.spec.Folder,
		[]string{"Folder", "Datacenter"}, "group-d")
	if dc, ok := d.child(root.Self, d.spec.Name).(*simulator.Datacenter); ok {
		d.dc = dc
	} else if !d.h.vc {
		return fmt.Errorf("%s: an ESXi has one datacenter, %s", d.spec.Name, d.h.site.dc.Name)
	} else {
		d.newDatacenter(root)
	}
	if d.dc == d.h.site.dc {
		d.hosts[d.h.site.host.Name] = d.h.site.host
	}
	for _, ref := range d.dc.Network {
		d.nets[unescapeName(entityName(simulator.Map.Get(ref)))] = ref
	}
	for _, c := range d.spec.Clusters {
		if err := d.cluster(c, true); err != nil {
			return err
		}
	}
	for _, c := range d.spec.Hosts {
		c.Hosts = []string{c.Name}
		if err := d.cluster(c, false); err != nil {
			return err
		}
	}
	for _, s := range d.spec.Datastores {
		if err := d.datastore(s); err != nil {
			return err
		}
	}
	vms := simulator.Map.Get(d.dc.VmFolder).(*simulator.Folder)
	for _, path := range d.spec.VMFolders {
		d.subfolder(vms, path, []string{"Folder", "VirtualMachine", "VirtualApp"}, "group-v")
	}
	return nil
}

// subfolder finds or makes a path of folders.
func (d *dcBuilder) subfolder(at *simulator.Folder, path string, kids []string, prefix string) *simulator.Folder {
	for _, name := range strings.Split(path, "/") {
		if name == "" {
			continue
		}
		if f, ok := d.child(at.Self, name).(*simulator.Folder); ok {
			at = f
			continue
		}
		f := &simulator.Folder{}
		f.Self, f.Name, f.ChildType = d.ref("Folder", prefix), escapeName(name), kids
		at.ChildEntity = append(at.ChildEntity, f.Self)
		simulator.Map.PutEntity(at, f)
		at = f
	}
	return at
}

func (d *dcBuilder) newDatacenter(root *simulator.Folder) {
	dc := &simulator.Datacenter{}
	dc.Self, dc.Name = d.ref("Datacenter", "datacenter"), escapeName(d.spec.Name)
	root.ChildEntity = append(root.ChildEntity, dc.Self)
	simulator.Map.PutEntity(root, dc)
	for _, f := range []struct {
		ref    *types.ManagedObjectReference
		name   string
		prefix string
		kids   []string
	}{
		{&dc.VmFolder, "vm", "group-v", []string{"Folder", "VirtualMachine", "VirtualApp"}},
		{&dc.HostFolder, "host", "group-h", []string{"Folder", "ComputeResource"}},
		{&dc.DatastoreFolder, "datastore", "group-s", []string{"Folder", "Datastore", "StoragePod"}},
		{&dc.NetworkFolder, "network", "group-n", []string{"Folder", "Network", "DistributedVirtualSwitch"}},
	} {
		folder := &simulator.Folder{}
		folder.Self, folder.Name, folder.ChildType = d.ref("Folder", f.prefix), f.name, f.kids
		*f.ref = folder.Self
		simulator.Map.PutEntity(dc, folder)
	}
	d.dc = dc
}

// cluster makes a cluster, or the ComputeResource of one host.
func (d *dcBuilder) cluster(spec clusterSpec, isCluster bool) error {
	c, owner := d.compute(spec.Name, isCluster)
	if cl, ok := owner.(*simulator.ClusterComputeResource); ok {
		drs := types.ClusterDrsConfigInfo{Enabled: types.NewBool(spec.DRS), DefaultVmBehavior: types.DrsBehaviorFullyAutomated}
		cl.Configuration.DrsConfig = drs
		cl.ConfigurationEx = &types.ClusterConfigInfoEx{DrsConfig: drs}
	} else if len(spec.Hosts) > 1 || spec.DRS {
		return fmt.Errorf("%s: no cluster", spec.Name)
	}
	for _, ref := range c.Host {
		d.hosts[simulator.Map.Get(ref).(*simulator.HostSystem).Name] = simulator.Map.Get(ref).(*simulator.HostSystem)
	}
	for _, name := range spec.Hosts {
		if d.hosts[name] == nil {
			d.host(c, owner, name)
		}
	}
	for _, path := range spec.Pools {
		d.pool(c, path)
	}
	for _, name := range spec.Networks {
		d.connect(c, d.network(name))
	}
	for _, name := range spec.Portgroups {
		d.connect(c, d.portgroup(name))
	}
	return nil
}

func (d *dcBuilder) compute(name string, isCluster bool) (*mo.ComputeResource, mo.Entity) {
	folder := simulator.Map.Get(d.dc.HostFolder).(*simulator.Folder)
	switch c := d.child(folder.Self, name).(type) {
	case *simulator.ClusterComputeResource:
		return &c.ComputeResource, c
	case *mo.ComputeResource:
		return c, c
	}
	var c *mo.ComputeResource
	var owner mo.Entity
	if isCluster {
		cl := &simulator.ClusterComputeResource{}
		cl.Summary = &types.ClusterComputeResourceSummary{}
		c, owner = &cl.ComputeResource, cl
		c.Self = d.ref("ClusterComputeResource", "domain-c")
	} else {
		c = &mo.ComputeResource{Summary: &types.ComputeResourceSummary{}}
		c.Self, owner = d.ref("ComputeResource", "domain-s"), c
	}
	c.Name = escapeName(name)
	browser := &mo.EnvironmentBrowser{Self: d.ref("EnvironmentBrowser", "envbrowser")}
	simulator.Map.Put(browser)
	c.EnvironmentBrowser = &browser.Self
	folder.ChildEntity = append(folder.ChildEntity, c.Self)
	simulator.Map.PutEntity(folder, owner)
	pool := d.newPool(c, owner, "Resources")
	c.ResourcePool = &pool.Self
	return c, owner
}

func (d *dcBuilder) newPool(c *mo.ComputeResource, parent mo.Entity, name string) *simulator.ResourcePool {
	p := simulator.NewResourcePool()
	p.Self, p.Name, p.Owner = d.ref("ResourcePool", "resgroup"), escapeName(name), c.Self
	p.ResourcePool.ResourcePool, p.Vm = nil, nil
	simulator.Map.PutEntity(parent, p)
	return p
}

func (d *dcBuilder) pool(c *mo.ComputeResource, path string) {
	at := simulator.Map.Get(*c.ResourcePool).(*simulator.ResourcePool)
	for _, name := range strings.Split(path, "/") {
		if p, ok := d.child(at.Self, name).(*simulator.ResourcePool); ok {
			at = p
			continue
		}
		p := d.newPool(c, at, name)
		at.ResourcePool.ResourcePool = append(at.ResourcePool.ResourcePool, p.Self)
		at = p
	}
}

func (d *dcBuilder) host(c *mo.ComputeResource, owner mo.Entity, name string) {
	host := simulator.NewHostSystem(esx.HostSystem)
	host.Self, host.Name = d.ref("HostSystem", "host"), name
	host.Summary.Host, host.Summary.Config.Name = &host.Self, name
	host.Summary.Config.Product = d.h.site.host.Summary.Config.Product
	host.Vm, host.Network, host.Datastore = nil, nil, nil
	simulator.Map.PutEntity(owner, host)
	c.Host = append(c.Host, host.Self)
	d.hosts[name] = host
}

func (d *dcBuilder) addNetwork(ref types.ManagedObjectReference, name string, o mo.Entity) {
	folder := simulator.Map.Get(d.dc.NetworkFolder).(*simulator.Folder)
	folder.ChildEntity = append(folder.ChildEntity, ref)
	simulator.Map.PutEntity(folder, o)
	if ref.Type != "VmwareDistributedVirtualSwitch" {
		d.dc.Network = append(d.dc.Network, ref)
		d.nets[name] = ref
	}
}

func (d *dcBuilder) network(name string) types.ManagedObjectReference {
	if ref, ok := d.nets[name]; ok {
		return ref
	}
	if d.dc == d.h.site.dc && !d.h.vc {
		return d.h.network(name)
	}
	n := &mo.Network{Name: escapeName(name)}
	n.Entity().Name = n.Name
	n.Self = d.ref("Network", "network")
	n.Summary = &types.NetworkSummary{Network: &n.Self, Name: n.Name, Accessible: true}
	d.addNetwork(n.Self, name, n)
	return n.Self
}

func (d *dcBuilder) portgroup(name string) types.ManagedObjectReference {
	if ref, ok := d.nets[name]; ok {
		return ref
	}
	s := &simulator.DistributedVirtualSwitch{}
	s.Self, s.Name = d.ref("VmwareDistributedVirtualSwitch", "dvs"), "DSwitch "+escapeName(name)
	s.Uuid = nameUUID("dvs", d.spec.Name, name)
	d.addNetwork(s.Self, s.Name, s)
	pg := &simulator.DistributedVirtualPortgroup{}
	pg.Self = d.ref("DistributedVirtualPortgroup", "dvportgroup")
	pg.Name, pg.Key = escapeName(name), pg.Self.Value
	pg.Entity().Name = pg.Name
	pg.Summary = &types.NetworkSummary{Network: &pg.Self, Name: pg.Name, Accessible: true}
	pg.Config = types.DVPortgroupConfigInfo{Key: pg.Key, Name: pg.Name, NumPorts: 8, Type: "earlyBinding",
		DistributedVirtualSwitch: &s.Self, Uplink: types.NewBool(false), Policy: &types.VMwareDVSPortgroupPolicy{}}
	s.Portgroup = append(s.Portgroup, pg.Self)
	d.addNetwork(pg.Self, name, pg)
	return pg.Self
}

// connect gives a network to all hosts of a compute resource.
func (d *dcBuilder) connect(c *mo.ComputeResource, ref types.ManagedObjectReference) {
	add := func(list *[]types.ManagedObjectReference) {
		if !hasRef(*list, ref) {
			*list = append(*list, ref)
		}
	}
	add(&c.Network)
	for _, r := range c.Host {
		host := simulator.Map.Get(r).(*simulator.HostSystem)
		add(&host.Network)
		switch n := simulator.Map.Get(ref).(type) {
		case *mo.Network:
			n.Host = append(n.Host, r)
		case *simulator.DistributedVirtualPortgroup:
			n.Host = append(n.Host, r)
		}
	}
}

func (d *dcBuilder) datastore(s storeSpec) error {
	if s.Size == 0 {
		s.Size = datastoreSize
	}
	if s.Free == 0 {
		s.Free = s.Size / 2
	}
	switch s.Type {
	case "":
		s.Type = "VMFS"
	case "VMFS", "NFS", "vsan", "VVOL":
	default:
		return fmt.Errorf("%s: type %q", s.Name, s.Type)
	}
	ds := d.h.newDatastore(d.ref("Datastore", "datastore"), s.Type, s.Name, nameUUID("volume", d.spec.Name, s.Name), s.Size, s.Free)
	names := s.Hosts
	if names == nil {
		for name := range d.hosts {
			names = append(names, name)
		}
		sort.Strings(names)
	}
	for _, name := range names {
		host := d.hosts[name]
		if host == nil {
			return fmt.Errorf("%s: no host %s", s.Name, name)
		}
		d.h.mount(ds, host)
	}
	folder := simulator.Map.Get(d.dc.DatastoreFolder).(*simulator.Folder)
	folder.ChildEntity = append(folder.ChildEntity, ds.Self)
	simulator.Map.PutEntity(folder, ds)
	d.dc.Datastore = append(d.dc.Datastore, ds.Self)
	return nil
}
