package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

var uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// reconfigVM changes what a tool for backups may want to change: settings and
// network adapters; other hardware stays.
func (h *Host) reconfigVM(c *call) (interface{}, error) {
	spec := c.body.(*types.ReconfigVM_Task).Spec
	v := h.vmOf(c.this)
	if spec.NumCPUs != 0 || spec.MemoryMB != 0 || spec.Files != nil || spec.Version != "" {
		return nil, notSupported()
	}
	for name, uuid := range map[string]string{"uuid": spec.Uuid, "instanceUuid": spec.InstanceUuid} {
		if uuid != "" && !uuidForm.MatchString(uuid) {
			return nil, invalidArgument("spec." + name)
		}
	}
	if spec.Uuid != "" && v.on {
		return nil, wrongPower(types.VirtualMachinePowerStatePoweredOff, v.power())
	}
	if err := v.mayChange(); err != nil {
		return nil, err
	}
	t := h.startTask(c, "reconfigure", v.ref, false, func() (interface{}, *vimFault) {
		return nil, v.reconfigure(&spec)
	})
	v.hold(t)
	return &types.ReconfigVM_TaskResponse{Returnval: t.mo.Self}, nil
}

func (v *vm) reconfigure(spec *types.VirtualMachineConfigSpec) *vimFault {
	// All or nothing: the devices are looked at before anything changes.
	nics := make([]nic, len(v.nics))
	for i, n := range v.nics {
		nics[i] = *n
	}
	for i, c := range spec.DeviceChange {
		if f := v.changeNIC(i, c.GetVirtualDeviceConfigSpec(), nics); f != nil {
			return f
		}
	}
	if spec.Name != "" {
		if f := v.rename(unescapeName(spec.Name)); f != nil {
			return f
		}
	}
	for i := range nics {
		if n := v.nics[i]; n.network != nics[i].network {
			v.moveNIC(n.network, nics[i].network)
		}
		*v.nics[i] = nics[i]
	}
	if spec.Uuid != "" {
		v.spec.UUID = strings.ToLower(spec.Uuid)
	}
	if spec.InstanceUuid != "" {
		v.spec.InstanceUUID = strings.ToLower(spec.InstanceUuid)
	}
	v.settings(spec)
	v.refresh()
	v.h.log.add("reconfigured", fields{"vm": v.spec.Name, "vm_id": v.ref.Value, "devices": len(spec.DeviceChange)})
	return nil
}

func (v *vm) settings(spec *types.VirtualMachineConfigSpec) {
	if spec.Annotation != "" {
		v.spec.Description = spec.Annotation
	}
	if spec.ChangeTrackingEnabled != nil {
		v.spec.CBT = *spec.ChangeTrackingEnabled
	}
	if v.spec.ExtraConfig == nil {
		v.spec.ExtraConfig = make(map[string]string)
	}
	for _, o := range spec.ExtraConfig {
		val := o.GetOptionValue()
		if text := fmt.Sprint(val.Value); text != "" {
			v.spec.ExtraConfig[val.Key] = text
		} else {
			delete(v.spec.ExtraConfig, val.Key)
		}
	}
}

// changeNIC applies one device change to the copies of the adapters.  An edit
// has to bring the whole device: what is left out would be lost.
func (v *vm) changeNIC(i int, c *types.VirtualDeviceConfigSpec, nics []nic) *vimFault {
	kind := nicKind(c.Device)
	if c.Operation != types.VirtualDeviceConfigSpecOperationEdit || kind == "" || c.FileOperation != "" {
		return deviceFault(i, &types.DeviceUnsupportedForVmPlatform{},
			"The device or operation specified at index '%d' is not supported for the existing virtual machine platform.")
	}
	card := c.Device.(types.BaseVirtualEthernetCard).GetVirtualEthernetCard()
	var n *nic
	at := int32(0)
	for k := range nics {
		if nics[k].key == card.Key {
			n, at = &nics[k], int32(k)
		}
	}
	if n == nil || n.kind != kind || card.ControllerKey != 100 || card.UnitNumber == nil || *card.UnitNumber != 7+at ||
		card.Backing == nil || card.Connectable == nil {
		return invalidDevice(i)
	}
	ref, ok := v.h.backedNetwork(card.Backing, v.at.host.Network)
	if !ok {
		return invalidDevice(i)
	}
	n.network = ref
	if !v.setAddress(n, int(at), card) {
		return invalidDevice(i)
	}
	n.startConnected, n.guestControl = card.Connectable.StartConnected, card.Connectable.AllowGuestControl
	n.connected = card.Connectable.Connected
	if !v.on {
		n.connected = n.startConnected
	}
	n.wake = isTrue(card.WakeOnLanEnabled)
	return nil
}

// setAddress follows addressType: an address of the server's making is made
// anew when none is given.
func (v *vm) setAddress(n *nic, i int, card *types.VirtualEthernetCard) bool {
	switch mac := strings.ToLower(card.MacAddress); card.AddressType {
	case "manual":
		if !macAddress.MatchString(mac) || v.on && mac != n.mac {
			return false
		}
		n.addressType, n.mac = "manual", mac
	case "generated", "assigned":
		if mac == n.mac && card.AddressType == n.addressType {
			return true
		}
		if mac != "" && mac != n.mac || v.on {
			return false
		}
		n.addressType, _ = v.madeAddress(i)
		b := randomBytes(3)
		n.mac = fmt.Sprintf("00:50:56:%02x:%02x:%02x", b[0]&0x3f|0x80, b[1], b[2])
	default:
		return false
	}
	return true
}

// moveNIC keeps the networks' lists of VMs right.
func (v *vm) moveNIC(from, to types.ManagedObjectReference) {
	if list := networkVMs(from); list != nil {
		simulator.RemoveReference(list, v.ref)
	}
	if list := networkVMs(to); list != nil && !hasRef(*list, v.ref) {
		*list = append(*list, v.ref)
	}
}
