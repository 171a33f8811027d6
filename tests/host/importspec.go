package main

import (
	"fmt"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// createImportSpec answers what it would make of a descriptor.  What is wrong
// with the descriptor is no fault, but in error[] and warning[].
func (h *Host) createImportSpec(c *call) (interface{}, error) {
	req := c.body.(*types.CreateImportSpec)
	at, err := h.target(req.ResourcePool, &req.Datastore, nil, req.Cisp.HostSystem)
	if err != nil {
		return nil, err
	}
	for _, m := range req.Cisp.NetworkMapping {
		if simulator.Map.Get(m.Network) == nil {
			return nil, objectNotFound(m.Network)
		}
	}
	if req.Cisp.EntityName == "" {
		return nil, invalidArgument("cisp.entityName")
	}
	e := readEnvelope(req.OvfDescriptor)
	res := types.OvfCreateImportSpecResult{}
	if len(e.errors) == 0 {
		res.ImportSpec, res.FileItem = h.importSpec(e, &req.Cisp, at)
	}
	o := noDisk(c.method, unescapeName(req.Cisp.EntityName))
	if f := h.faults.fire("import-spec-warning", o); f != nil {
		e.warnings = append(e.warnings, *f.asked("OvfUnsupportedElement", "Line 40: Unsupported element 'vmw:Pretended'.").localized())
	}
	if f := h.faults.fire("import-spec-error", o); f != nil {
		e.errors = append(e.errors, *f.asked("OvfUnsupportedType", "Line 50: OVF hardware element 'pretended' with "+
			"instance ID '99': No support for the virtual hardware device type '99'.").localized())
	}
	res.Warning, res.Error = e.warnings, e.errors
	if len(e.errors) > 0 {
		res.ImportSpec, res.FileItem = nil, nil
	}
	if res.ImportSpec != nil {
		text, err := encode(res.ImportSpec, "spec")
		if err != nil {
			return nil, err
		}
		wanted := []string{}
		for _, it := range res.FileItem {
			wanted = append(wanted, it.DeviceId)
		}
		h.specs[text] = wanted
	}
	h.log.add("import-spec", fields{"vm": o.vm, "files": len(res.FileItem), "errors": messages(res.Error),
		"warnings": messages(res.Warning), "provisioning": req.Cisp.DiskProvisioning, "bytes": len(req.OvfDescriptor)})
	return &types.CreateImportSpecResponse{Returnval: res}, nil
}

func messages(list []types.LocalizedMethodFault) []string {
	out := []string{}
	for _, f := range list {
		out = append(out, f.LocalizedMessage)
	}
	return out
}

// importSpec makes the specification of the one system, or of a collection.
func (h *Host) importSpec(e *envelope, cisp *types.OvfCreateImportSpecParams, at *target) (types.BaseImportSpec, []types.OvfFileItem) {
	var system *node
	for _, k := range e.root.kids {
		if k.space == e.ns && (k.name == "VirtualSystem" || k.name == "VirtualSystemCollection") {
			system = k
		}
	}
	if system == nil {
		e.missing(e.root, "VirtualSystem")
		return nil, nil
	}
	e.deployment(cisp)
	e.properties(system, cisp)
	e.sections()
	switch cisp.DiskProvisioning {
	case "", "thin", "thick", "flat", "eagerZeroedThick", "monolithicSparse", "monolithicFlat",
		"twoGbMaxExtentSparse", "twoGbMaxExtentFlat":
	default:
		e.fail(&types.OvfUnsupportedDiskProvisioning{DiskProvisioning: cisp.DiskProvisioning,
			SupportedDiskProvisioning: "thin, thick, flat, eagerZeroedThick"},
			"The disk provisioning type '%s' is not supported. Supported types: thin, thick, flat, eagerZeroedThick.",
			cisp.DiskProvisioning)
	}
	files := make(map[*fileRef][]types.OvfFileItem)
	var spec types.BaseImportSpec
	if system.name == "VirtualSystem" {
		spec = h.systemSpec(e, system, cisp, at, cisp.EntityName, files)
	} else if h.vc {
		spec = h.collection(e, system, cisp, at, files)
	} else {
		e.failAt(system, &types.OvfUnsupportedElement{OvfUnsupportedPackage: e.unsupported(system), Name: system.name},
			"Unsupported element '%s'.", system.name)
	}
	var items []types.OvfFileItem
	for _, f := range e.files {
		items = append(items, files[f]...)
	}
	return spec, items
}

func (h *Host) collection(e *envelope, n *node, cisp *types.OvfCreateImportSpecParams, at *target,
	files map[*fileRef][]types.OvfFileItem) types.BaseImportSpec {
	all := &types.VirtualAppImportSpec{Name: cisp.EntityName}
	share := types.ResourceAllocationInfo{Reservation: types.NewInt64(0), ExpandableReservation: types.NewBool(true),
		Limit: types.NewInt64(-1), Shares: &types.SharesInfo{Level: types.SharesLevelNormal}}
	all.ResourcePoolSpec.CpuAllocation, all.ResourcePoolSpec.MemoryAllocation = share, share
	for _, k := range n.kids {
		if k.space == e.ns && k.name == "VirtualSystem" {
			name, _ := k.attr(e.ns, "id")
			all.Child = append(all.Child, h.systemSpec(e, k, cisp, at, name, files))
		}
	}
	return all
}

// deployment settles which of the descriptor's configurations is in force.
func (e *envelope) deployment(cisp *types.OvfCreateImportSpecParams) {
	section := e.root.child(e.ns, "DeploymentOptionSection")
	known := make(map[string]bool)
	if section != nil {
		for _, n := range section.kids {
			id, _ := n.attr(e.ns, "id")
			if n.name != "Configuration" || id == "" {
				continue
			}
			known[id] = true
			if def, _ := n.attr(e.ns, "default"); e.option == "" || def == "true" {
				e.option = id
			}
		}
	}
	if cisp.DeploymentOption == "" {
		return
	}
	if !known[cisp.DeploymentOption] {
		e.fail(&types.OvfInvalidValueConfiguration{OvfInvalidValue: types.OvfInvalidValue{Value: cisp.DeploymentOption}},
			"Invalid value '%s' for the deployment option.", cisp.DeploymentOption)
	}
	e.option = cisp.DeploymentOption
}

// properties gathers the values that ${names} stand for.
func (e *envelope) properties(system *node, cisp *types.OvfCreateImportSpecParams) {
	for _, s := range system.kids {
		if s.space != e.ns || s.name != "ProductSection" {
			continue
		}
		for _, p := range s.kids {
			if p.name == "Property" {
				key := propertyName(e, s, p)
				e.values[key], _ = p.attr(e.ns, "value")
				if bare, _ := p.attr(e.ns, "key"); bare != key {
					e.values[bare] = e.values[key]
				}
			}
		}
	}
	for _, kv := range cisp.PropertyMapping {
		if _, ok := e.values[kv.Key]; !ok {
			e.fail(&types.OvfPropertyValue{OvfProperty: types.OvfProperty{Type: "string", Value: kv.Value}},
				"The property '%s' is not in the OVF descriptor.", kv.Key)
		}
		e.values[kv.Key] = kv.Value
	}
}

// propertyName is CLASS.KEY.INSTANCE, as mappings write it.
func propertyName(e *envelope, section, p *node) string {
	class, _ := section.attr(e.ns, "class")
	instance, _ := section.attr(e.ns, "instance")
	name, _ := p.attr(e.ns, "key")
	if class != "" {
		name = class + "." + name
	}
	if instance != "" {
		name += "." + instance
	}
	return name
}

// vAppConfig carries the properties into the VM.
func (e *envelope) vAppConfig(system *node) types.BaseVmConfigSpec {
	cfg := &types.VmConfigSpec{}
	for _, s := range system.kids {
		if s.space != e.ns || s.name != "ProductSection" {
			continue
		}
		class, _ := s.attr(e.ns, "class")
		instance, _ := s.attr(e.ns, "instance")
		for _, p := range s.kids {
			if p.name != "Property" {
				continue
			}
			info := &types.VAppPropertyInfo{Key: int32(len(cfg.Property)), ClassId: class, InstanceId: instance,
				Value: e.values[propertyName(e, s, p)]}
			info.Id, _ = p.attr(e.ns, "key")
			info.Type, _ = p.attr(e.ns, "type")
			info.DefaultValue, _ = p.attr(e.ns, "value")
			if open, _ := p.attr(e.ns, "userConfigurable"); open != "true" {
				info.Value = info.DefaultValue
				info.UserConfigurable = types.NewBool(false)
			}
			cfg.Property = append(cfg.Property, types.VAppPropertySpec{
				ArrayUpdateSpec: types.ArrayUpdateSpec{Operation: types.ArrayUpdateOperationAdd}, Info: info})
		}
	}
	if len(cfg.Property) == 0 {
		return nil
	}
	return cfg
}

// target is where a VM is to be made.
type target struct {
	pool     mo.Reference
	compute  *mo.ComputeResource
	drs      bool
	hosts    []*simulator.HostSystem
	host     *simulator.HostSystem // nil: not chosen
	ds       *simulator.Datastore
	folder   *simulator.Folder
	networks map[string]types.ManagedObjectReference
}

// target checks that references belong together.
func (h *Host) target(pool types.ManagedObjectReference, ds, folder, host *types.ManagedObjectReference) (*target, error) {
	t := &target{pool: simulator.Map.Get(pool), networks: make(map[string]types.ManagedObjectReference)}
	if t.pool == nil {
		return nil, objectNotFound(pool)
	}
	p, ok := t.pool.(*simulator.ResourcePool)
	if !ok {
		return nil, invalidArgument("resourcePool")
	}
	t.compute, t.drs = computeResource(p.Owner)
	for _, ref := range t.compute.Host {
		t.hosts = append(t.hosts, simulator.Map.Get(ref).(*simulator.HostSystem))
	}
	if host != nil {
		var ok bool
		if t.host, ok = simulator.Map.Get(*host).(*simulator.HostSystem); !ok {
			return nil, objectNotFound(*host)
		}
		if t.host.Parent == nil || *t.host.Parent != t.compute.Self {
			return nil, invalidArgument("host")
		}
		t.hosts = []*simulator.HostSystem{t.host}
	} else if _, cluster := simulator.Map.Get(p.Owner).(*simulator.ClusterComputeResource); len(t.hosts) == 1 && !cluster {
		t.host = t.hosts[0]
	}
	if ds != nil {
		if t.ds, ok = simulator.Map.Get(*ds).(*simulator.Datastore); !ok {
			return nil, objectNotFound(*ds)
		}
		if !hasRef(t.compute.Datastore, *ds) {
			return nil, invalidArgument("datastore")
		}
	}
	if folder != nil {
		if t.folder, ok = simulator.Map.Get(*folder).(*simulator.Folder); !ok {
			return nil, objectNotFound(*folder)
		}
	}
	for i := len(t.hosts) - 1; i >= 0; i-- {
		for _, ref := range t.hosts[i].Network {
			if n := simulator.Map.Get(ref); n != nil {
				t.networks[unescapeName(entityName(n))] = ref
			}
		}
	}
	return t, nil
}

func hasRef(list []types.ManagedObjectReference, ref types.ManagedObjectReference) bool {
	for _, r := range list {
		if r == ref {
			return true
		}
	}
	return false
}

// computeResource finds the one behind a reference, and whether it places
// VMs itself.
func computeResource(ref types.ManagedObjectReference) (*mo.ComputeResource, bool) {
	switch c := simulator.Map.Get(ref).(type) {
	case *simulator.ClusterComputeResource:
		drs := false
		if ex, ok := c.ConfigurationEx.(*types.ClusterConfigInfoEx); ok {
			drs = isTrue(ex.DrsConfig.Enabled)
		}
		return &c.ComputeResource, drs
	case *mo.ComputeResource:
		return c, false
	}
	panic(fmt.Sprintf("%s is no compute resource", strings.ToLower(ref.String())))
}
