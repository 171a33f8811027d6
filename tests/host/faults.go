package main

import (
	"fmt"
	"reflect"
	"sync"

	"github.com/vmware/govmomi/vim25/types"
)

// armedFault is one thing that shall go wrong, as POST /fault describes it.
// Empty members match anything.
type armedFault struct {
	ID         int    `json:"id"`
	Kind       string `json:"kind"`
	VM         string `json:"vm,omitempty"`
	Disk       *int   `json:"disk,omitempty"`
	File       string `json:"file,omitempty"`
	Method     string `json:"method,omitempty"`
	Type       string `json:"type,omitempty"`
	Message    string `json:"message,omitempty"`
	AfterBytes int64  `json:"after_bytes,omitempty"`
	Percent    int64  `json:"percent,omitempty"`
	Skip       int    `json:"skip,omitempty"`
	Times      *int   `json:"times,omitempty"`
	MS         int    `json:"ms,omitempty"`
	Status     int    `json:"status,omitempty"`
	Rate       int64  `json:"bytes_per_second,omitempty"`
	Offset     *int64 `json:"offset,omitempty"` // of the file: only what holds this byte
	What       string `json:"what,omitempty"`
	left       int
	forever    bool
}

// faultKinds is every kind there is; README.md says what each one does.
var faultKinds = map[string]bool{
	"fault": true, "delay": true, "drop": true, "http": true, "garbage": true,
	"task-error": true, "task-stuck": true, "task-slow": true,
	"lease-error": true, "lease-never-ready": true,
	"import-spec-error": true, "import-spec-warning": true,
	"create-descriptor-error": true, "create-descriptor-warning": true,
	"expire-before": true, "expired-empty": true,
	"restricted": true, "no-permission": true,
	"reset": true, "short": true, "empty": true, "damage": true,
	"stall": true, "slow": true, "status": true, "redirect": true,
	"manifest-wrong": true, "no-manifest": true, "thumbprint-wrong": true,
	"upload-reset": true, "upload-stall": true, "upload-slow": true, "upload-status": true,
	"upload-damage": true, "upload-expire": true, "upload-lease-error": true,
	"folder-delay": true, "folder-expire": true, "folder-status": true, "folder-redirect": true,
	"folder-locked": true, "folder-size": true, "folder-modified": true,
	"folder-no-range": true, "folder-short-range": true, "folder-wrong-range": true,
	"folder-reset": true, "folder-short": true, "folder-damage": true,
	"folder-stall": true, "folder-slow": true,
	"snapshot-remove-error": true, "consolidation-needed": true,
	"not-quiesced": true,
	"question":     true, "tools-never": true, "guest-off": true,
}

// faultTable holds what is armed.  It has a lock of its own: transfers ask it
// without the host's lock.
type faultTable struct {
	mu    sync.Mutex
	log   *eventLog
	armed []*armedFault
	next  int
}

func (t *faultTable) arm(f *armedFault) error {
	if !faultKinds[f.Kind] {
		return fmt.Errorf("unknown kind %q", f.Kind)
	}
	if f.Type != "" && newFault(f.Type) == nil {
		return fmt.Errorf("unknown fault type %q", f.Type)
	}
	f.left = 1
	if f.Times != nil {
		f.left = *f.Times
	}
	f.forever = f.left == 0
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next++
	f.ID = t.next
	t.armed = append(t.armed, f)
	t.log.add("fault-armed", fields{"kind": f.Kind, "id": f.ID})
	return nil
}

func (t *faultTable) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.armed = nil
}

func (t *faultTable) list() []armedFault {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := make([]armedFault, 0, len(t.armed))
	for _, f := range t.armed {
		all = append(all, *f)
	}
	return all
}

// occasion is what is about to happen; a fault fires when it fits.
type occasion struct {
	vm     string
	disk   int // -1: no disk
	file   string
	method string
	from   int64 // what is to be sent of the file
	to     int64
}

// noDisk is an occasion that concerns a method, not a transfer.
func noDisk(method, vm string) occasion {
	return occasion{vm: vm, disk: -1, method: method}
}

func (f *armedFault) fits(o occasion) bool {
	switch {
	case f.VM != "" && f.VM != o.vm:
		return false
	case f.Method != "" && f.Method != o.method:
		return false
	case f.Disk != nil && *f.Disk != o.disk:
		return false
	case f.File != "" && f.File != o.file:
		return false
	case f.Offset != nil && (*f.Offset < o.from || *f.Offset >= o.to):
		return false
	}
	return true
}

// fire gives the first armed fault of the kind that fits, and counts it down;
// nil if there is none.
func (t *faultTable) fire(kind string, o occasion) *armedFault {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, f := range t.armed {
		if f.Kind != kind || !f.fits(o) {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if !f.forever {
			f.left--
		}
		if !f.forever && f.left <= 0 {
			t.armed = append(t.armed[:i:i], t.armed[i+1:]...)
		}
		t.log.add("fault-fired", fields{"kind": kind, "id": f.ID,
			"vm": o.vm, "method": o.method, "file": o.file})
		c := *f
		return &c
	}
	return nil
}

// vimFault is an answer that is a fault: what the client sees as message and
// the typed fault inside.
type vimFault struct {
	msg   string
	fault types.BaseMethodFault
}

func (f *vimFault) Error() string { return f.msg }

// kind is the type's name, such as InvalidPowerState.
func (f *vimFault) kind() string {
	return reflect.TypeOf(f.fault).Elem().Name()
}

func (f *vimFault) localized() *types.LocalizedMethodFault {
	return &types.LocalizedMethodFault{Fault: f.fault, LocalizedMessage: f.msg}
}

// newFault makes an empty fault of the named type, nil if there is none.
func newFault(name string) types.BaseMethodFault {
	t, ok := types.TypeFunc()(name)
	if !ok {
		return nil
	}
	f, _ := reflect.New(t).Interface().(types.BaseMethodFault)
	return f
}

// asked makes the fault that an armed one asks for.
func (f *armedFault) asked(kind, msg string) *vimFault {
	if f.Type != "" {
		kind = f.Type
	}
	if f.Message != "" {
		msg = f.Message
	}
	return &vimFault{msg, newFault(kind)}
}

func invalidState() *vimFault {
	return &vimFault{"The operation is not allowed in the current state.", &types.InvalidState{}}
}

func invalidArgument(property string) *vimFault {
	return &vimFault{"A specified parameter was not correct: " + property,
		&types.InvalidArgument{InvalidProperty: property}}
}

func notSupported() *vimFault {
	return &vimFault{"The operation is not supported on the object.", &types.NotSupported{}}
}

func notAuthenticated(ref types.ManagedObjectReference) *vimFault {
	return &vimFault{"The session is not authenticated.", &types.NotAuthenticated{
		NoPermission: types.NoPermission{Object: ref, PrivilegeId: "System.View"}}}
}

func objectNotFound(ref types.ManagedObjectReference) *vimFault {
	return &vimFault{fmt.Sprintf("The object 'vim.%s:%s' has already been deleted or has not been completely created",
		ref.Type, ref.Value), &types.ManagedObjectNotFound{Obj: ref}}
}

func taskInProgress(task types.ManagedObjectReference) *vimFault {
	return &vimFault{"Another task is already in progress.", &types.TaskInProgress{Task: task}}
}
