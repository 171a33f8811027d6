package main

import (
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

func entityName(o mo.Reference) string {
	if n, ok := managed(o).Addr().Interface().(*mo.Network); ok {
		return n.Name // it hides ManagedEntity's
	}
	if n, ok := managed(o).Addr().Interface().(*mo.DistributedVirtualPortgroup); ok {
		return n.Name
	}
	if e, ok := o.(mo.Entity); ok {
		return e.Entity().Name
	}
	return ""
}

// findPath walks names from the root folder; / in a name is written %2f.
func (h *Host) findPath(path string) *types.ManagedObjectReference {
	at := h.content.RootFolder
	for _, name := range strings.Split(strings.Trim(path, "/"), "/") {
		if name == "" {
			continue
		}
		next := h.childNamed(at, name)
		if next == nil {
			return nil
		}
		at = *next
	}
	if at == h.content.RootFolder && strings.Trim(path, "/") != "" {
		return nil
	}
	return &at
}

func (h *Host) childNamed(parent types.ManagedObjectReference, name string) *types.ManagedObjectReference {
	want := unescapeName(name)
	for _, ref := range children(simulator.Map.Get(parent)) {
		if kid := simulator.Map.Get(ref); kid != nil && unescapeName(entityName(kid)) == want {
			ref := ref
			return &ref
		}
	}
	return nil
}

func (h *Host) findByInventoryPath(c *call) (interface{}, error) {
	req := c.body.(*types.FindByInventoryPath)
	return &types.FindByInventoryPathResponse{Returnval: h.findPath(req.InventoryPath)}, nil
}

// withUUID lists VMs by BIOS or instance UUID.
func (h *Host) withUUID(uuid string, vmSearch bool, instance *bool) []types.ManagedObjectReference {
	var refs []types.ManagedObjectReference
	if !vmSearch {
		return nil
	}
	for _, v := range h.vms {
		have := v.spec.UUID
		if isTrue(instance) {
			have = v.spec.InstanceUUID
		}
		if strings.EqualFold(have, uuid) {
			refs = append(refs, v.ref)
		}
	}
	return refs
}

func (h *Host) findByUUID(c *call) (interface{}, error) {
	req := c.body.(*types.FindByUuid)
	refs := h.withUUID(req.Uuid, req.VmSearch, req.InstanceUuid)
	res := &types.FindByUuidResponse{}
	if len(refs) > 0 {
		res.Returnval = &refs[0]
	}
	return res, nil
}

func (h *Host) findAllByUUID(c *call) (interface{}, error) {
	req := c.body.(*types.FindAllByUuid)
	return &types.FindAllByUuidResponse{
		Returnval: h.withUUID(req.Uuid, req.VmSearch, req.InstanceUuid)}, nil
}
