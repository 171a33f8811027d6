package main

import (
	"strings"
	"testing"
	"time"
)

func TestReconfigureAdapters(t *testing.T) {
	c := start(t, nil)
	c.login()
	adapter := func() (nic, mac string) {
		hw := c.get("VirtualMachine", "12", "config.hardware.device")
		from := strings.Index(hw, `<VirtualDevice xsi:type="VirtualVmxnet3"`)
		if from < 0 {
			t.Fatal(hw)
		}
		nic = hw[from:]
		nic = `<device xsi:type="VirtualVmxnet3">` + nic[strings.Index(nic, ">")+1:strings.Index(nic, "</VirtualDevice>")] + "</device>"
		return nic, inside(nic, "macAddress")
	}
	nic, mac := adapter()
	edit := func(dev, want string) {
		t.Helper()
		c.task("ReconfigVM_Task", thisVM+"<spec><deviceChange><operation>edit</operation>"+dev+"</deviceChange></spec>", want)
	}
	has := func(want string) {
		t.Helper()
		if text := c.get("VirtualMachine", "12", "config.hardware.device"); !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	edit(nic, "<state>success</state>")
	has("<macAddress>" + mac + "<")
	edit(strings.Replace(strings.Replace(nic, "generated", "manual", 1), mac, "02:00:00:00:00:01", 1), "<state>success</state>")
	has("<addressType>manual</addressType><macAddress>02:00:00:00:00:01</macAddress>")
	edit(strings.Replace(nic, "<macAddress>"+mac+"</macAddress>", "", 1), "<state>success</state>")
	has("<addressType>generated</addressType><macAddress>00:50:56:")
	edit(strings.Replace(strings.Replace(nic, "<macAddress>"+mac+"</macAddress>", "", 1), "<startConnected>true", "<startConnected>false", 1), "<state>success</state>")
	has("<startConnected>false</startConnected>")
	nic, mac = adapter()
	edit(nic, "<state>success</state>")
	for _, bad := range []string{
		strings.Replace(nic, "<key>4000<", "<key>4009<", 1),
		strings.Replace(nic, "VirtualVmxnet3", "VirtualE1000", 1),
		strings.Replace(nic, "<unitNumber>7</unitNumber>", "", 1),
		strings.Replace(nic, "generated", "guessed", 1),
		strings.Replace(strings.Replace(nic, "generated", "manual", 1), mac, "00:50", 1),
		strings.Replace(nic, ">VM Network</deviceName>", ">nope</deviceName>", 1),
	} {
		edit(bad, "InvalidDeviceSpec")
	}
	const id = "<uuid>564D0000-1111-2222-3333-444455556666</uuid>"
	c.must("ReconfigVM_Task", thisVM+"<spec><uuid>564d</uuid></spec>", "<invalidProperty>spec.uuid<")
	c.must("ReconfigVM_Task", strings.Replace(thisVM, "12", "13", 1)+"<spec>"+id+"</spec>", "InvalidPowerState")
	c.task("ReconfigVM_Task", thisVM+"<spec>"+id+"<extraConfig><key>k</key><value xsi:type=\"xsd:string\">v</value></extraConfig></spec>", "<state>success</state>")
	if text := c.get("VirtualMachine", "12", "config.uuid"); !strings.Contains(text, "564d0000-1111") {
		t.Error(text)
	}
	if text := c.get("VirtualMachine", "12", "config.extraConfig"); !strings.Contains(text, "<key>k</key>") {
		t.Error(text)
	}
}

func TestQuestion(t *testing.T) {
	c := start(t, nil)
	c.login()
	uuid := inside(c.get("VirtualMachine", "12", "config.uuid"), "val")
	for _, k := range []struct{ choice, state, power string }{
		{"0", "<state>error</state>", "poweredOff"}, {"2", "<state>success</state>", "poweredOn"},
	} {
		c.arm(armedFault{Kind: "question", VM: "off"})
		task := inside(c.must("PowerOnVM_Task", thisVM, "Response"), "returnval")
		q := c.await("VirtualMachine", "12", "runtime.question", "msg.uuid.altered")
		id := q[strings.Index(q, "<id>")+4:]
		id = id[:strings.Index(id, "<")]
		time.Sleep(50 * time.Millisecond)
		if text := c.get("Task", task, "info.state"); !strings.Contains(text, "running") {
			t.Error("the task does not wait: " + text)
		}
		c.must("AnswerVM", thisVM+"<questionId>x</questionId><answerChoice>1</answerChoice>", "questionId")
		c.must("AnswerVM", thisVM+"<questionId>"+id+"</questionId><answerChoice>7</answerChoice>", "answerChoice")
		c.must("AnswerVM", thisVM+"<questionId>"+id+"</questionId><answerChoice>"+k.choice+"</answerChoice>", "Response")
		c.await("Task", task, "info", k.state)
		c.await("VirtualMachine", "12", "runtime.powerState", k.power)
	}
	if now := inside(c.get("VirtualMachine", "12", "config.uuid"), "val"); now == uuid {
		t.Error("a copy kept its uuid")
	}
}

func TestGuestStartsAndStops(t *testing.T) {
	c := start(t, func(cfg *config) { cfg.toolsAfter = 100 * time.Millisecond })
	c.login()
	this := `<_this type="VirtualMachine">13</_this>`
	c.task("PowerOffVM_Task", this, "<state>success</state>")
	c.arm(armedFault{Kind: "tools-never"})
	c.task("PowerOnVM_Task", this, "<state>success</state>")
	time.Sleep(300 * time.Millisecond)
	if text := c.get("VirtualMachine", "13", "guest.toolsRunningStatus"); !strings.Contains(text, "guestToolsNotRunning") {
		t.Error("the tools run: " + text)
	}
	c.task("PowerOffVM_Task", this, "<state>success</state>")
	c.task("PowerOnVM_Task", this, "<state>success</state>")
	if text := c.get("VirtualMachine", "13", "guest"); strings.Contains(text, ">guestToolsRunning<") || strings.Contains(text, "ipAddress") {
		t.Error("the tools run at once: " + text)
	}
	c.await("VirtualMachine", "13", "guest.toolsRunningStatus", ">guestToolsRunning<")
	c.h.mu.Lock()
	v, boot := c.h.vmNamed("on"), c.h.vmNamed("on").boot
	v.boot = time.Now().Add(-150 * time.Millisecond)
	if early := v.address(); early != "" || !v.toolsOK() {
		t.Errorf("address %q as soon as the tools run", early)
	}
	v.boot = boot
	c.h.mu.Unlock()
	c.await("VirtualMachine", "13", "guest.ipAddress", ">192.0.2.")
	c.task("PowerOffVM_Task", this, "<state>success</state>")
	c.arm(armedFault{Kind: "guest-off", MS: 50})
	c.task("PowerOnVM_Task", this, "<state>success</state>")
	c.await("VirtualMachine", "13", "runtime.powerState", "poweredOff")
}

func TestRename(t *testing.T) {
	c := start(t, nil)
	c.login()
	c.task("Rename_Task", thisVM+"<newName>on</newName>", "DuplicateName")
	c.task("Rename_Task", thisVM+"<newName>a%2fb</newName>", "<state>success</state>")
	if text := c.get("VirtualMachine", "12", "name"); !strings.Contains(text, ">a%2fb<") || !c.there("a/b") {
		t.Error(text)
	}
	c.arm(armedFault{Kind: "task-error", Method: "Destroy_Task", Type: "FileLocked"})
	c.task("Destroy_Task", thisVM, "FileLocked")
	if !c.there("a/b") {
		t.Error("gone in spite of the error")
	}
}
