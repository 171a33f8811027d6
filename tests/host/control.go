package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// serveControl opens the tests' own way in: plain HTTP on a unix socket.
func (h *Host) serveControl() error {
	sock := filepath.Join(h.cfg.state, "control.sock")
	_ = os.Remove(sock)
	l, err := net.Listen("unix", sock)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	get := func(path string, f func(r *http.Request) (interface{}, error)) {
		mux.HandleFunc(path, h.control(http.MethodGet, f))
	}
	post := func(path string, f func(r *http.Request) (interface{}, error)) {
		mux.HandleFunc(path, h.control(http.MethodPost, f))
	}
	get("/state", h.ctlState)
	get("/faults", func(*http.Request) (interface{}, error) { return h.faults.list(), nil })
	post("/fault", h.ctlFault)
	post("/clear", func(*http.Request) (interface{}, error) { h.faults.clear(); return nil, nil })
	post("/expire-sessions", h.ctlExpire)
	post("/power", h.ctlPower)
	post("/snapshot", h.ctlSnapshot)
	post("/remove-snapshot", h.ctlRemoveSnapshot)
	post("/lease-error", h.ctlLeaseError)
	post("/write", h.ctlWrite)
	post("/datastore", h.ctlDatastore)
	post("/host", h.ctlHost)
	post("/consolidation", h.ctlConsolidation)
	post("/question", h.ctlQuestion)
	post("/rename", h.ctlRename)
	post("/set", h.ctlSet)
	post("/privilege", h.ctlPrivilege)
	post("/license", h.ctlLicense)
	srv := &http.Server{Handler: mux}
	h.servers = append(h.servers, srv)
	go func() { _ = srv.Serve(l) }()
	return nil
}

// control wraps an action: JSON out, 400 with the reason when it fails.
func (h *Host) control(method string, f func(r *http.Request) (interface{}, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != method {
			http.Error(w, "use "+method, http.StatusMethodNotAllowed)
			return
		}
		res, err := f(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if res == nil {
			res = fields{"ok": true}
		}
		w.Header().Set("Content-Type", "application/json")
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		_ = enc.Encode(res)
	}
}

func (h *Host) ctlFault(r *http.Request) (interface{}, error) {
	var f armedFault
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return nil, err
	}
	return &f, h.faults.arm(&f)
}

func (h *Host) ctlExpire(*http.Request) (interface{}, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return fields{"expired": h.expireAll("control")}, nil
}

// withVM runs an action on the VM that the query names, with the lock held.
func (h *Host) withVM(r *http.Request, f func(v *vm) error) (interface{}, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	name := r.URL.Query().Get("vm")
	v := h.vmNamed(name)
	if v == nil {
		return nil, fmt.Errorf("no VM %q", name)
	}
	return nil, f(v)
}

func (h *Host) ctlPower(r *http.Request) (interface{}, error) {
	on, err := strconv.ParseBool(r.URL.Query().Get("on"))
	if err != nil {
		return nil, err
	}
	return h.withVM(r, func(v *vm) error { v.setPower(on); return nil })
}

func (h *Host) ctlSnapshot(r *http.Request) (interface{}, error) {
	q := r.URL.Query()
	return h.withVM(r, func(v *vm) error {
		v.addSnapshot(q.Get("name"), q.Get("description"), false)
		v.refresh()
		return nil
	})
}

func (h *Host) ctlRemoveSnapshot(r *http.Request) (interface{}, error) {
	return h.withVM(r, func(v *vm) error {
		var found *snapshot
		v.eachSnapshot(func(s *snapshot) {
			if s.name == r.URL.Query().Get("name") || s.ref.Value == r.URL.Query().Get("id") {
				found = s
			}
		})
		if found == nil {
			return fmt.Errorf("no such snapshot")
		}
		v.dropSnapshot(found, true)
		v.refresh()
		return nil
	})
}

func (h *Host) ctlLeaseError(r *http.Request) (interface{}, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, l := range h.leases {
		if l.open() {
			l.fail(&vimFault{r.URL.Query().Get("reason"), &types.FileFault{}})
			n++
		}
	}
	return fields{"leases": n}, nil
}

// ctlWrite is the guest writing to its disk.
func (h *Host) ctlWrite(r *http.Request) (interface{}, error) {
	q := r.URL.Query()
	n, err := strconv.Atoi(q.Get("disk"))
	if err != nil {
		return nil, fmt.Errorf("disk: %v", err)
	}
	off, err := strconv.ParseInt(q.Get("offset"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("offset: %v", err)
	}
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	return h.withVM(r, func(v *vm) error {
		if n < 0 || n >= len(v.disks) {
			return fmt.Errorf("disk %d: there are %d", n, len(v.disks))
		}
		return v.disks[n].raw.writeAt(data, off)
	})
}

func (h *Host) ctlDatastore(r *http.Request) (interface{}, error) {
	q := r.URL.Query()
	h.mu.Lock()
	defer h.mu.Unlock()
	ds := h.site.datastore
	if name := q.Get("name"); name != "" {
		var ok bool
		if ds, ok = h.entity("Datastore", name).(*simulator.Datastore); !ok {
			return nil, fmt.Errorf("no datastore %q", name)
		}
	}
	if text := q.Get("free"); text != "" {
		free, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, err
		}
		h.giveBack(ds, free-ds.Summary.FreeSpace)
	}
	if text := q.Get("accessible"); text != "" {
		ds.Summary.Accessible = text == "true"
	}
	return nil, nil
}

// entity finds something of the inventory by its name.
func (h *Host) entity(kind, name string) mo.Reference {
	for _, e := range simulator.Map.All(kind) {
		if unescapeName(entityName(e)) == name {
			return e
		}
	}
	return nil
}

// ctlHost puts a host into maintenance, or cuts it off.
func (h *Host) ctlHost(r *http.Request) (interface{}, error) {
	q := r.URL.Query()
	h.mu.Lock()
	defer h.mu.Unlock()
	host := h.site.host
	if name := q.Get("name"); name != "" {
		var ok bool
		if host, ok = h.entity("HostSystem", name).(*simulator.HostSystem); !ok {
			return nil, fmt.Errorf("no host %q", name)
		}
	}
	if text := q.Get("maintenance"); text != "" {
		host.Runtime.InMaintenanceMode = text == "true"
	}
	switch state := q.Get("state"); state {
	case "":
	case "connected", "disconnected", "notResponding":
		host.Runtime.ConnectionState = types.HostSystemConnectionState(state)
	default:
		return nil, fmt.Errorf("state %q", state)
	}
	return nil, nil
}

func (h *Host) ctlConsolidation(r *http.Request) (interface{}, error) {
	needed, err := strconv.ParseBool(r.URL.Query().Get("needed"))
	if err != nil {
		return nil, err
	}
	return h.withVM(r, func(v *vm) error { v.consolidate = needed; v.refresh(); return nil })
}

func (h *Host) ctlQuestion(r *http.Request) (interface{}, error) {
	return h.withVM(r, func(v *vm) error { v.spec.Question = r.URL.Query().Get("text"); v.refresh(); return nil })
}

func (h *Host) ctlRename(r *http.Request) (interface{}, error) {
	return h.withVM(r, func(v *vm) error {
		v.spec.Name = r.URL.Query().Get("name")
		v.mo.Name = escapeName(v.spec.Name)
		v.refresh()
		return nil
	})
}

// ctlSet changes times that the command line gave.
func (h *Host) ctlSet(r *http.Request) (interface{}, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	times := map[string]*time.Duration{
		"lease-timeout": &h.cfg.leaseTimeout, "lease-init": &h.cfg.leaseInit,
		"task-queue": &h.cfg.taskQueue, "task-run": &h.cfg.taskRun,
		"session-idle": &h.cfg.sessionIdle, "tools-after": &h.cfg.toolsAfter,
	}
	for name, values := range r.URL.Query() {
		t, ok := times[name]
		if !ok {
			return nil, fmt.Errorf("unknown setting %q", name)
		}
		d, err := time.ParseDuration(values[0])
		if err != nil {
			return nil, err
		}
		*t = d
	}
	return nil, nil
}
