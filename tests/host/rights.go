package main

import (
	"fmt"
	"net/http"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// privileges are what a user may have that a backup or a restore needs.
var privileges = []string{
	"System.Anonymous", "System.View", "System.Read", "Datastore.AllocateSpace",
	"Datastore.Browse", "Datastore.FileManagement", "Network.Assign",
	"Resource.AssignVMToPool", "VApp.Export", "VApp.Import", "VirtualMachine.Config.AdvancedConfig",
	"VirtualMachine.Config.ChangeTracking", "VirtualMachine.Config.EditDevice",
	"VirtualMachine.Config.Rename", "VirtualMachine.Config.Settings",
	"VirtualMachine.Interact.AnswerQuestion",
	"VirtualMachine.Interact.PowerOff", "VirtualMachine.Interact.PowerOn",
	"VirtualMachine.Inventory.Create", "VirtualMachine.Inventory.Delete",
	"VirtualMachine.Provisioning.DiskRandomRead",
	"VirtualMachine.Provisioning.GetVmFiles", "VirtualMachine.State.CreateSnapshot",
	"VirtualMachine.State.RemoveSnapshot", "VirtualMachine.State.RevertToSnapshot",
}

// granted tells whether the user has a privilege: all but those that
// POST /privilege took away.
func (h *Host) granted(id string) bool { return !h.denied[id] }

func (h *Host) privilegesOf(entities []types.ManagedObjectReference, ids []string) []types.EntityPrivilege {
	var all []types.EntityPrivilege
	for _, e := range entities {
		p := types.EntityPrivilege{Entity: e}
		for _, id := range ids {
			p.PrivAvailability = append(p.PrivAvailability,
				types.PrivilegeAvailability{PrivId: id, IsGranted: h.granted(id)})
		}
		all = append(all, p)
	}
	return all
}

func (h *Host) hasPrivilegeOnEntities(c *call) (interface{}, error) {
	req := c.body.(*types.HasPrivilegeOnEntities)
	return &types.HasPrivilegeOnEntitiesResponse{Returnval: h.privilegesOf(req.Entity, req.PrivId)}, nil
}

func (h *Host) hasUserPrivilegeOnEntities(c *call) (interface{}, error) {
	req := c.body.(*types.HasUserPrivilegeOnEntities)
	return &types.HasUserPrivilegeOnEntitiesResponse{Returnval: h.privilegesOf(req.Entities, req.PrivId)}, nil
}

func (h *Host) hasPrivilegeOnEntity(c *call) (interface{}, error) {
	req := c.body.(*types.HasPrivilegeOnEntity)
	res := &types.HasPrivilegeOnEntityResponse{}
	for _, id := range req.PrivId {
		res.Returnval = append(res.Returnval, h.granted(id))
	}
	return res, nil
}

func (h *Host) fetchUserPrivileges(c *call) (interface{}, error) {
	req := c.body.(*types.FetchUserPrivilegeOnEntities)
	res := &types.FetchUserPrivilegeOnEntitiesResponse{}
	for _, e := range req.Entities {
		r := types.UserPrivilegeResult{Entity: e}
		for _, id := range privileges {
			if h.granted(id) {
				r.Privileges = append(r.Privileges, id)
			}
		}
		res.Returnval = append(res.Returnval, r)
	}
	return res, nil
}

// needs is the privilege that a method asks for.
var needs = map[string]string{
	"ExportVm":                "VApp.Export",
	"ExportSnapshot":          "VApp.Export",
	"CreateSnapshot_Task":     "VirtualMachine.State.CreateSnapshot",
	"CreateSnapshotEx_Task":   "VirtualMachine.State.CreateSnapshot",
	"RemoveSnapshot_Task":     "VirtualMachine.State.RemoveSnapshot",
	"RemoveAllSnapshots_Task": "VirtualMachine.State.RemoveSnapshot",
	"ImportVApp":              "VApp.Import",
	"PowerOnVM_Task":          "VirtualMachine.Interact.PowerOn",
	"ReconfigVM_Task":         "VirtualMachine.Config.Settings",
	"Destroy_Task":            "VirtualMachine.Inventory.Delete",
	"Rename_Task":             "VirtualMachine.Config.Rename",
	"AnswerVM":                "VirtualMachine.Interact.AnswerQuestion",
	"PowerOffVM_Task":         "VirtualMachine.Interact.PowerOff",
}

// mayCall refuses a method whose privilege was taken away.
func (h *Host) mayCall(c *call) *vimFault {
	id, ok := needs[c.method]
	if !ok || h.granted(id) {
		return nil
	}
	return &vimFault{"Permission to perform this operation was denied.",
		&types.NoPermission{Object: c.this, PrivilegeId: id}}
}

// ctlPrivilege takes a privilege away, or gives it back.
func (h *Host) ctlPrivilege(r *http.Request) (interface{}, error) {
	q := r.URL.Query()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range privileges {
		if id == q.Get("id") {
			h.denied[id] = q.Get("granted") == "false"
			return nil, nil
		}
	}
	return nil, fmt.Errorf("unknown privilege %q", q.Get("id"))
}

// setLicense makes the host a paid or a free one; a free one is read-only.
func (h *Host) setLicense(free bool) {
	h.free = free
	l := types.LicenseManagerLicenseInfo{LicenseKey: "00000-00000-00000-00000-00000",
		EditionKey: "esx.enterprisePlus.cpuPackage", Name: "VMware vSphere 7 Enterprise Plus",
		Used: 1, CostUnit: "cpuPackage"}
	if free {
		l.EditionKey, l.Name = "esx.hypervisor.cpuPackage", "VMware vSphere 7 Hypervisor"
	}
	if m, ok := simulator.Map.Get(*h.content.LicenseManager).(*simulator.LicenseManager); ok {
		m.Licenses = []types.LicenseManagerLicenseInfo{l}
	}
}

func (h *Host) ctlLicense(r *http.Request) (interface{}, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.setLicense(r.URL.Query().Get("free") == "true")
	return nil, nil
}
