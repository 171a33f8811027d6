package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// methodTable is what the host itself answers, by the type of _this.  All
// else is passed on to the simulator.
func (h *Host) methodTable() map[string]map[string]handler {
	return map[string]map[string]handler{
		"ServiceInstance": {
			"RetrieveServiceContent": h.retrieveServiceContent,
			"CurrentTime":            h.currentTime,
		},
		"SessionManager": {
			"Login":           h.login,
			"Logout":          h.logout,
			"SessionIsActive": h.sessionIsActive,
		},
		"PropertyCollector": {
			"RetrievePropertiesEx":         h.retrievePropertiesEx,
			"ContinueRetrievePropertiesEx": h.continueRetrieve,
			"CancelRetrievePropertiesEx":   h.cancelRetrieve,
			"RetrieveProperties":           h.retrieveProperties,
			"CreateFilter":                 h.createFilter,
			"WaitForUpdatesEx":             h.waitForUpdatesEx,
			"WaitForUpdates":               h.waitForUpdates,
			"CancelWaitForUpdates":         h.cancelWaitForUpdates,
			"CreatePropertyCollector":      h.createCollector,
			"DestroyPropertyCollector":     h.destroyCollector,
		},
		"PropertyFilter": {"DestroyPropertyFilter": h.destroyFilter},
		"ViewManager": {
			"CreateContainerView": h.createContainerView,
			"CreateListView":      h.createListView,
		},
		"ContainerView": {"DestroyView": h.destroyView},
		"ListView":      {"DestroyView": h.destroyView},
		"SearchIndex": {
			"FindByInventoryPath": h.findByInventoryPath,
			"FindByUuid":          h.findByUUID,
			"FindAllByUuid":       h.findAllByUUID,
		},
		"VirtualMachine": {
			"ExportVm":                h.exportVM,
			"CreateSnapshot_Task":     h.createSnapshot,
			"CreateSnapshotEx_Task":   h.createSnapshotEx,
			"RemoveAllSnapshots_Task": h.removeAllSnapshots,
			"ConsolidateVMDisks_Task": h.consolidate,
			"PowerOnVM_Task":          h.powerOn,
			"PowerOffVM_Task":         h.powerOff,
			"ReconfigVM_Task":         h.reconfigVM,
			"Destroy_Task":            h.destroyVM,
			"Rename_Task":             h.renameVM,
			"AnswerVM":                h.answerVM,
		},
		"VirtualMachineSnapshot": {
			"ExportSnapshot":      h.exportSnapshot,
			"RemoveSnapshot_Task": h.removeSnapshot,
		},
		"EnvironmentBrowser": {"QueryConfigOptionDescriptor": h.configOptions},
		"ResourcePool":       {"ImportVApp": h.importVApp},
		"HttpNfcLease": {
			"HttpNfcLeaseProgress":                h.leaseProgress,
			"HttpNfcLeaseComplete":                h.leaseComplete,
			"HttpNfcLeaseAbort":                   h.leaseAbort,
			"HttpNfcLeaseGetManifest":             h.leaseManifest,
			"HttpNfcLeaseSetManifestChecksumType": h.leaseChecksumType,
		},
		"AuthorizationManager": {
			"HasPrivilegeOnEntity":         h.hasPrivilegeOnEntity,
			"HasPrivilegeOnEntities":       h.hasPrivilegeOnEntities,
			"HasUserPrivilegeOnEntities":   h.hasUserPrivilegeOnEntities,
			"FetchUserPrivilegeOnEntities": h.fetchUserPrivileges,
		},
		"OvfManager": {
			"CreateDescriptor": h.createDescriptor,
			"CreateImportSpec": h.createImportSpec,
		},
		"Task": {"CancelTask": h.cancelTask},
	}
}

// open are the calls that need no session.
func open(c *call) bool {
	switch c.method {
	case "RetrieveServiceContent", "Login":
		return true
	case "Fetch":
		return c.this.Type == "ServiceInstance"
	}
	return false
}

func (h *Host) dispatch(c *call) (interface{}, error) {
	if h.faults.fire("expire-before", noDisk(c.method, h.vmNameLocked(c.this))) != nil {
		h.expireAll("fault")
	}
	expired := h.findSession(c)
	if c.ses == nil && !open(c) {
		if expired != nil && c.method == "RetrievePropertiesEx" && h.faults.fire("expired-empty", noDisk(c.method, "")) != nil {
			return &types.RetrievePropertiesExResponse{}, nil
		}
		return nil, notAuthenticated(c.this)
	}
	if v, ok := since[c.method]; ok && !atLeast(c.version, v) {
		reason := c.method + " does not exist in API version " + c.version
		h.log.add("malformed", fields{"method": c.method, "reason": reason, "agent": c.agent})
		return nil, &vimFault{reason, &types.MethodNotFound{Receiver: c.this, Method: c.method}}
	}
	if h.object(c, c.this) == nil {
		return nil, objectNotFound(c.this)
	}
	if f := h.methodFault(c); f != nil {
		return nil, f
	}
	if c.method == "Fetch" {
		return h.fetch(c)
	}
	if run, ok := h.methods[c.this.Type][c.method]; ok {
		return run(c)
	}
	for _, ours := range h.methods {
		if ours[c.method] != nil {
			return nil, h.noSuchMethod(c)
		}
	}
	return h.passOn(c)
}

// noSuchMethod is for a method that exists, but not on this object's type.
func (h *Host) noSuchMethod(c *call) error {
	h.log.add("malformed", fields{"method": c.method, "agent": c.agent,
		"reason": c.this.Type + " has no method " + c.method})
	return &vimFault{"The method " + c.method + " is not found on " + c.this.Type,
		&types.MethodNotFound{Receiver: c.this, Method: c.method}}
}

func (h *Host) retrieveServiceContent(c *call) (interface{}, error) {
	return &types.RetrieveServiceContentResponse{Returnval: h.content}, nil
}

func (h *Host) currentTime(c *call) (interface{}, error) {
	return &types.CurrentTimeResponse{Returnval: now()}, nil
}

// passedOn is an answer that the simulator made.
type passedOn struct{ reply reply }

// passOn gives the call to the simulator, in the simulator's own session.
func (h *Host) passOn(c *call) (interface{}, error) {
	w := h.simCall(c)
	if w == nil {
		return nil, notSupported()
	}
	text := w.Body.String()
	start := strings.Index(text, "<soapenv:Body>")
	end := strings.LastIndex(text, "</soapenv:Body>")
	if start < 0 || end < 0 {
		return nil, notSupported()
	}
	body := text[start+len("<soapenv:Body>") : end]
	h.log.add("passed-on", fields{"method": c.method, "status": w.Code})
	if w.Code != http.StatusOK {
		return nil, simFault(body)
	}
	return passedOn{reply{plain: typePrefix.Replace(body)}}, nil
}

// simCall has the simulator answer; nil when that was beyond it: it panics
// at much that it does not model.
func (h *Host) simCall(c *call) (w *httptest.ResponseRecorder) {
	defer func() {
		if p := recover(); p != nil {
			h.log.add("not-modelled", fields{"method": c.method, "reason": fmt.Sprint(p)})
			w = nil
		}
	}()
	return h.simRequest(c.raw)
}

// simFault finds the type in a fault of the simulator; its messages are its
// own, so only the type is kept.
func simFault(body string) error {
	const mark = `xsi:type="`
	if i := strings.Index(body, mark); i >= 0 {
		kind := body[i+len(mark):]
		kind = kind[:strings.IndexByte(kind, '"')]
		if f := newFault(kind); f != nil {
			return &vimFault{kind, f}
		}
	}
	return notSupported()
}

func (h *Host) simRequest(raw []byte) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/sdk", bytes.NewReader(raw))
	if h.simLogin != "" {
		r.AddCookie(&http.Cookie{Name: cookieName, Value: h.simLogin})
	}
	w := httptest.NewRecorder()
	h.sim.ServeSDK(w, r)
	return w
}

// loginSim opens the simulator's own session once.
func (h *Host) loginSim() {
	h.sim.Listen = &url.URL{User: simulator.DefaultLogin}
	h.sim.RegisterSDK(simulator.Map)
	ref := h.content.SessionManager
	w := h.simRequest([]byte(`<?xml version="1.0"?><Envelope xmlns="` + nsEnvelope + `"><Body><Login xmlns="` + nsVim +
		`"><_this type="SessionManager">` + ref.Value + `</_this><userName>user</userName><password>pass</password></Login></Body></Envelope>`))
	for _, ck := range w.Result().Cookies() {
		if ck.Name == cookieName {
			h.simLogin = ck.Value
		}
	}
}
