package main

import (
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/vmware/govmomi/simulator"
)

// children are the entities below one, in the order of the inventory tree.
func children(o mo.Reference) []types.ManagedObjectReference {
	v := managed(o).Addr().Interface()
	switch e := v.(type) {
	case *mo.Folder:
		return e.ChildEntity
	case *mo.Datacenter:
		return []types.ManagedObjectReference{e.VmFolder, e.HostFolder, e.DatastoreFolder, e.NetworkFolder}
	case *mo.ComputeResource:
		return below(e)
	case *mo.ClusterComputeResource:
		return below(&e.ComputeResource)
	case *mo.ResourcePool:
		return e.ResourcePool
	}
	return nil
}

func below(c *mo.ComputeResource) []types.ManagedObjectReference {
	refs := append([]types.ManagedObjectReference(nil), c.Host...)
	if c.ResourcePool != nil {
		refs = append(refs, *c.ResourcePool)
	}
	return refs
}

// gather lists the entities below o that are of one of the kinds.
func gather(o mo.Reference, kinds []string, deep bool) []types.ManagedObjectReference {
	var found []types.ManagedObjectReference
	for _, ref := range children(o) {
		kid := simulator.Map.Get(ref)
		if kid == nil {
			continue
		}
		wanted := len(kinds) == 0
		for _, k := range kinds {
			wanted = wanted || ref.Type == k || isA(managed(kid).Type(), k)
		}
		if wanted {
			found = append(found, ref)
		}
		if deep {
			found = append(found, gather(kid, kinds, deep)...)
		}
	}
	return found
}

func (h *Host) createContainerView(c *call) (interface{}, error) {
	req := c.body.(*types.CreateContainerView)
	root := simulator.Map.Get(req.Container)
	if root == nil {
		return nil, objectNotFound(req.Container)
	}
	switch req.Container.Type {
	case "Folder", "Datacenter", "ComputeResource", "ClusterComputeResource", "ResourcePool", "HostSystem", "VirtualApp":
	default:
		return nil, invalidArgument("container")
	}
	for _, k := range req.Type {
		if t, ok := managedTypes[k]; !ok || !isA(t, "ManagedEntity") {
			return nil, invalidArgument("type")
		}
	}
	v := &mo.ContainerView{Container: req.Container, Type: req.Type, Recursive: req.Recursive}
	v.Self = h.sessionRef(c, "ContainerView")
	v.View = gather(root, req.Type, req.Recursive)
	c.ses.objects[v.Self] = v
	return &types.CreateContainerViewResponse{Returnval: v.Self}, nil
}

func (h *Host) createListView(c *call) (interface{}, error) {
	req := c.body.(*types.CreateListView)
	for _, ref := range req.Obj {
		if h.object(c, ref) == nil {
			return nil, objectNotFound(ref)
		}
	}
	v := &mo.ListView{}
	v.Self = h.sessionRef(c, "ListView")
	v.View = req.Obj
	c.ses.objects[v.Self] = v
	return &types.CreateListViewResponse{Returnval: v.Self}, nil
}

func (h *Host) destroyView(c *call) (interface{}, error) {
	delete(c.ses.objects, c.this)
	return &types.DestroyViewResponse{}, nil
}
