package main

import (
	"fmt"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// nicSpec is an adapter of which more matters than its network.
type nicSpec struct {
	Network string `json:"network"`
	Type    string `json:"type"`
	MAC     string `json:"mac"`
}

// nic is one network adapter of a VM.
type nic struct {
	network        types.ManagedObjectReference
	kind           string // as OVF calls it
	key            int32
	addressType    string
	mac            string
	startConnected bool
	connected      bool // while the VM runs
	guestControl   bool
	wake           bool
}

// newNICs makes the adapters of the spec.
func (v *vm) newNICs() {
	specs := v.spec.NICs
	if specs == nil {
		for _, n := range v.spec.Networks {
			specs = append(specs, nicSpec{Network: n})
		}
	}
	for _, s := range specs {
		network, ok := hostNetwork(v.at.host, s.Network)
		if !ok {
			network = v.h.network(s.Network)
		}
		n := v.addNIC(network, s.Type)
		if s.MAC != "" {
			n.addressType, n.mac = "manual", s.MAC
		}
	}
}

func (v *vm) addNIC(network types.ManagedObjectReference, kind string) *nic {
	if kind == "" {
		kind = "VmxNet3"
	}
	n := &nic{network: network, kind: kind, key: 4000 + int32(len(v.nics)), startConnected: true, connected: true,
		guestControl: true, wake: true}
	n.addressType, n.mac = v.madeAddress(len(v.nics))
	v.nics = append(v.nics, n)
	return n
}

// madeAddress is what the server gives an adapter; it depends on the VM only.
func (v *vm) madeAddress(i int) (kind, mac string) {
	kind = "generated"
	if v.h.vc {
		kind = "assigned"
	}
	c := contentCID(v.spec.UUID, 1000+i)
	return kind, fmt.Sprintf("00:50:56:%02x:%02x:%02x", c>>16&0x3f|0x80, c>>8&0xff, c&0xff)
}

// impermissible is a manual address of the ranges that servers make theirs
// from, or "": a VM with one does not start unless it is told not to look.
func (v *vm) impermissible() string {
	for i, n := range v.nics {
		made := strings.HasPrefix(n.mac, "00:0c:29:") ||
			strings.HasPrefix(n.mac, "00:50:56:") && n.mac[9:11] > "3f"
		look := v.spec.ExtraConfig[fmt.Sprintf("ethernet%d.checkMACAddress", i)]
		if n.addressType == "manual" && made && !strings.EqualFold(look, "false") {
			return n.mac
		}
	}
	return ""
}

// networkName is an adapter's network as people call it.
func (n *nic) networkName() string {
	o := simulator.Map.Get(n.network)
	if o == nil {
		return ""
	}
	return unescapeName(entityName(o))
}

// newNIC makes a bare device.
func newNIC(kind string) types.BaseVirtualDevice {
	switch kind {
	case "E1000":
		return &types.VirtualE1000{}
	case "E1000e":
		return &types.VirtualE1000e{}
	case "PCNet32":
		return &types.VirtualPCNet32{}
	case "VmxNet2":
		return &types.VirtualVmxnet2{}
	}
	return &types.VirtualVmxnet3{}
}

// nicKind is the reverse; "" for what is no adapter.
func nicKind(dev types.BaseVirtualDevice) string {
	switch dev.(type) {
	case *types.VirtualE1000:
		return "E1000"
	case *types.VirtualE1000e:
		return "E1000e"
	case *types.VirtualPCNet32:
		return "PCNet32"
	case *types.VirtualVmxnet2:
		return "VmxNet2"
	case *types.VirtualVmxnet3:
		return "VmxNet3"
	}
	return ""
}

// nicBacking ties an adapter to a network or a distributed port group.
func (h *Host) nicBacking(ref types.ManagedObjectReference) types.BaseVirtualDeviceBackingInfo {
	if pg, ok := simulator.Map.Get(ref).(*simulator.DistributedVirtualPortgroup); ok {
		b := &types.VirtualEthernetCardDistributedVirtualPortBackingInfo{}
		b.Port.PortgroupKey = pg.Key
		if pg.Config.DistributedVirtualSwitch != nil {
			if s, ok := simulator.Map.Get(*pg.Config.DistributedVirtualSwitch).(*simulator.DistributedVirtualSwitch); ok {
				b.Port.SwitchUuid = s.Uuid
			}
		}
		return b
	}
	b := &types.VirtualEthernetCardNetworkBackingInfo{Network: &ref, InPassthroughMode: types.NewBool(false)}
	b.DeviceName, b.UseAutoDetect = unescapeName(entityName(simulator.Map.Get(ref))), types.NewBool(false)
	return b
}

// backedNetwork is the network that a backing names; false if there is none.
func (h *Host) backedNetwork(b types.BaseVirtualDeviceBackingInfo, among []types.ManagedObjectReference) (types.ManagedObjectReference, bool) {
	for _, ref := range among {
		switch k := b.(type) {
		case *types.VirtualEthernetCardNetworkBackingInfo:
			n, ok := simulator.Map.Get(ref).(*mo.Network)
			if ok && unescapeName(n.Name) == k.DeviceName {
				return ref, true
			}
		case *types.VirtualEthernetCardDistributedVirtualPortBackingInfo:
			pg, ok := simulator.Map.Get(ref).(*simulator.DistributedVirtualPortgroup)
			if ok && pg.Key == k.Port.PortgroupKey {
				return ref, true
			}
		}
	}
	return types.ManagedObjectReference{}, false
}

func (v *vm) nicDevice(i int) types.BaseVirtualDevice {
	n := v.nics[i]
	dev := newNIC(n.kind)
	card := dev.(types.BaseVirtualEthernetCard).GetVirtualEthernetCard()
	card.Key, card.ControllerKey, card.UnitNumber = n.key, 100, types.NewInt32(7+int32(i))
	card.DeviceInfo = &types.Description{Label: fmt.Sprintf("Network adapter %d", i+1), Summary: n.networkName()}
	card.Backing = v.h.nicBacking(n.network)
	card.Connectable = &types.VirtualDeviceConnectInfo{MigrateConnect: "unset", StartConnected: n.startConnected,
		AllowGuestControl: n.guestControl, Connected: v.on && n.connected, Status: "ok"}
	card.SlotInfo = &types.VirtualDevicePciBusSlotInfo{PciSlotNumber: 192 + int32(i)*32}
	card.AddressType, card.MacAddress = n.addressType, n.mac
	card.WakeOnLanEnabled = types.NewBool(n.wake)
	card.UptCompatibilityEnabled = types.NewBool(n.kind == "VmxNet3")
	return dev
}
