package main

import (
	"fmt"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// destroyVM removes a stopped VM and its files.
func (h *Host) destroyVM(c *call) (interface{}, error) {
	v := h.vmOf(c.this)
	if v.on {
		return nil, wrongPower(types.VirtualMachinePowerStatePoweredOff, v.power())
	}
	if err := v.mayChange(); err != nil {
		return nil, err
	}
	t := h.startTask(c, "destroy", v.ref, false, func() (interface{}, *vimFault) {
		h.unregister(v)
		h.log.add("vm-destroyed", fields{"vm": v.spec.Name, "vm_id": v.ref.Value, "by": "user"})
		return nil, nil
	})
	v.hold(t)
	return &types.Destroy_TaskResponse{Returnval: t.mo.Self}, nil
}

func (h *Host) renameVM(c *call) (interface{}, error) {
	v := h.vmOf(c.this)
	name := unescapeName(c.body.(*types.Rename_Task).NewName)
	if name == "" || len([]rune(name)) > 80 {
		return nil, &vimFault{fmt.Sprintf("The name '%s' is invalid.", name), &types.InvalidName{Name: name}}
	}
	if err := v.mayChange(); err != nil {
		return nil, err
	}
	t := h.startTask(c, "rename", v.ref, false, func() (interface{}, *vimFault) {
		return nil, v.rename(name)
	})
	v.hold(t)
	return &types.Rename_TaskResponse{Returnval: t.mo.Self}, nil
}

func (v *vm) rename(name string) *vimFault {
	if name == v.spec.Name {
		return nil
	}
	if f := v.h.nameTaken(v.at.folder, name); f != nil {
		return f
	}
	v.spec.Name, v.mo.Name = name, escapeName(name)
	v.refresh()
	return nil
}

// question is what a VM asks before it goes on.
type question struct {
	id, text string
	choices  []string
	def      int32
	answer   string // key of the choice; "" while nobody has answered
}

const movedText = "msg.uuid.altered:This virtual machine might have been moved or copied. In order to configure certain " +
	"management and networking features, VMware ESX needs to know if this virtual machine was moved or copied. " +
	"If you don't know, answer \"I Co_pied It\"."

// askMoved is asked at power on when a VM's files are not where they were.
func (v *vm) askMoved() {
	v.asked = &question{id: fmt.Sprintf("_vmx%d", v.h.id()), text: movedText,
		choices: []string{"button.uuid.cancel", "button.uuid.movedTheVM", "button.uuid.copiedTheVM"}, def: 2}
	v.h.log.add("question", fields{"vm": v.spec.Name, "vm_id": v.ref.Value, "id": v.asked.id})
	v.refresh()
}

func (q *question) info() *types.VirtualMachineQuestionInfo {
	i := &types.VirtualMachineQuestionInfo{Id: q.id, Text: q.text}
	i.Choice.DefaultIndex = q.def
	for n, c := range q.choices {
		i.Choice.ChoiceInfo = append(i.Choice.ChoiceInfo, &types.ElementDescription{
			Description: types.Description{Label: c, Summary: c}, Key: fmt.Sprint(n)})
	}
	i.Message = []types.VirtualMachineMessage{{Id: "msg.uuid.altered", Text: q.text}}
	return i
}

func (h *Host) answerVM(c *call) (interface{}, error) {
	req := c.body.(*types.AnswerVM)
	v := h.vmOf(c.this)
	q := v.asked
	if q == nil {
		return nil, invalidState()
	}
	if req.QuestionId != q.id {
		return nil, invalidArgument("questionId")
	}
	for n := range q.choices {
		if req.AnswerChoice == fmt.Sprint(n) {
			q.answer = req.AnswerChoice
			v.answered(q)
			return &types.AnswerVMResponse{}, nil
		}
	}
	return nil, invalidArgument("answerChoice")
}

// answered does what the user chose: a copy gets an identity of its own.
func (v *vm) answered(q *question) {
	h := v.h
	h.log.add("answer", fields{"vm": v.spec.Name, "vm_id": v.ref.Value, "id": q.id, "choice": q.choices[q.answer[0]-'0']})
	v.asked = nil
	if q.answer == "2" {
		v.spec.UUID = "564d" + randomUUID()[4:]
		for i, n := range v.nics {
			if n.addressType != "manual" {
				n.addressType, n.mac = v.madeAddress(i)
			}
		}
	}
	v.refresh()
}

// configOptions says which hardware versions the hosts make.
func (h *Host) configOptions(c *call) (interface{}, error) {
	res := &types.QueryConfigOptionDescriptorResponse{}
	var hosts []types.ManagedObjectReference
	for _, o := range simulator.Map.All("HostSystem") {
		host := o.(*simulator.HostSystem)
		if cr, _ := computeResource(*host.Parent); cr.EnvironmentBrowser != nil && *cr.EnvironmentBrowser == c.this {
			hosts = append(hosts, host.Self)
		}
	}
	for i, v := range hardwareVersions {
		last := i == len(hardwareVersions)-1
		res.Returnval = append(res.Returnval, types.VirtualMachineConfigOptionDescriptor{Key: v,
			Description: "Hardware version " + v[len("vmx-"):], Host: hosts,
			CreateSupported: types.NewBool(i > 0), DefaultConfigOption: types.NewBool(last),
			RunSupported: types.NewBool(true), UpgradeSupported: types.NewBool(last)})
	}
	return res, nil
}
