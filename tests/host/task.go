package main

import (
	"fmt"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// task is work that goes on after its method has answered.
type task struct {
	h        *Host
	mo       *mo.Task
	vmName   string
	method   string
	canceled bool
	blocked  func() bool // with the lock held: is something waited for
	after    func()      // with the lock held, when the task has ended
}

// ended tells whether the task reached its last state.
func (t *task) ended() bool {
	s := t.mo.Info.State
	return s == types.TaskInfoStateSuccess || s == types.TaskInfoStateError
}

func (h *Host) newTask(c *call, what string, entity types.ManagedObjectReference, cancelable bool) *task {
	ref := types.ManagedObjectReference{Type: "Task", Value: fmt.Sprintf("task-%d", h.id())}
	if !h.vc {
		ref.Value = fmt.Sprintf("haTask-%s-vim.%s.%s-%d", entity.Value, entity.Type, what, 100000+h.id())
	}
	t := &task{h: h, mo: &mo.Task{}, vmName: h.vmNameLocked(entity), method: c.method}
	t.mo.Self = ref
	t.mo.Info = types.TaskInfo{Key: ref.Value, Task: ref, Name: c.method,
		DescriptionId: entity.Type + "." + what, Entity: &entity, EntityName: escapeName(t.vmName),
		State: types.TaskInfoStateQueued, Cancelable: cancelable,
		Reason: &types.TaskReasonUser{UserName: h.cfg.user}, QueueTime: now(), EventChainId: int32(h.id())}
	simulator.Map.Put(t.mo)
	h.tasks = append(h.tasks, t)
	if v := h.vmOf(entity); v != nil {
		v.mo.RecentTask = append(v.mo.RecentTask, ref)
	}
	t.log()
	return t
}

func (t *task) log() {
	f := fields{"task": t.mo.Self.Value, "method": t.method, "vm": t.vmName, "state": t.mo.Info.State}
	if e := t.mo.Info.Error; e != nil {
		f["message"] = e.LocalizedMessage
	}
	t.h.log.add("task", f)
}

// startTask makes a task that is queued, runs and ends in real time; run is
// called with the lock held when the time has passed.
func (h *Host) startTask(c *call, what string, entity types.ManagedObjectReference, cancelable bool,
	run func() (interface{}, *vimFault)) *task {
	t := h.newTask(c, what, entity, cancelable)
	go t.live(run)
	return t
}

func (t *task) live(run func() (interface{}, *vimFault)) {
	o := noDisk(t.method, t.vmName)
	time.Sleep(t.h.cfg.taskQueue)
	if !t.step(func() { t.begin() }) {
		return
	}
	if f := t.h.faults.fire("task-slow", o); f != nil {
		time.Sleep(time.Duration(f.MS) * time.Millisecond)
	}
	stuck := t.h.faults.fire("task-stuck", o) != nil
	for part := 1; part <= 3 || stuck || t.waits(); part++ {
		time.Sleep(t.h.cfg.taskRun / 3)
		if stuck {
			time.Sleep(50 * time.Millisecond)
		}
		progress := int32(part * 30)
		if progress > 95 {
			progress = 95
		}
		if !t.step(func() { t.mo.Info.Progress = progress }) {
			return
		}
	}
	t.step(func() {
		if f := t.h.faults.fire("task-error", o); f != nil {
			t.finish(nil, f.asked("GenericVmConfigFault", "A general system error occurred: pretended"))
			return
		}
		t.finish(run())
	})
}

// waits tells whether the task cannot end yet.
func (t *task) waits() bool {
	if t.blocked == nil {
		return false
	}
	t.h.mu.Lock()
	defer t.h.mu.Unlock()
	return t.blocked()
}

// step does something with the lock held, unless the task was canceled.
func (t *task) step(f func()) bool {
	t.h.mu.Lock()
	defer t.h.mu.Unlock()
	if t.ended() {
		return false
	}
	if t.canceled {
		t.finish(nil, &vimFault{"The task was canceled by a user.", &types.RequestCanceled{}})
		return false
	}
	f()
	return true
}

func (t *task) begin() {
	start := now()
	t.mo.Info.State, t.mo.Info.StartTime = types.TaskInfoStateRunning, &start
	t.log()
}

func (t *task) finish(result interface{}, f *vimFault) {
	end := now()
	i := &t.mo.Info
	i.CompleteTime, i.State = &end, types.TaskInfoStateSuccess
	if f != nil {
		i.State, i.Error = types.TaskInfoStateError, f.localized()
	} else {
		i.Result, i.Progress = result, 100
	}
	if t.after != nil {
		t.after()
	}
	t.log()
}

func (h *Host) cancelTask(c *call) (interface{}, error) {
	for _, t := range h.tasks {
		if t.mo.Self != c.this {
			continue
		}
		switch {
		case t.ended():
			return nil, invalidState()
		case !t.mo.Info.Cancelable:
			return nil, notSupported()
		}
		t.canceled, t.mo.Info.Cancelled = true, true
	}
	return &types.CancelTaskResponse{}, nil
}
