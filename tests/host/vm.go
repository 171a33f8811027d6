package main

import (
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// vm is a virtual machine: what the spec says, what happened to it since, and
// the managed object that clients see, which refresh() makes from both.
type vm struct {
	h           *Host
	ref         types.ManagedObjectReference
	spec        *vmSpec
	mo          *simulator.VirtualMachine
	dir         string // its folder and file stem on the datastore
	disks       []*vmDisk
	on          bool
	boot        time.Time
	starts      int       // power operations so far
	noTools     bool      // they never start this time
	asked       *question // that it waits for
	roots       []*snapshot
	current     *snapshot
	nextSnap    int32
	consolidate bool
	export      *lease // an open ExportVm lease
	busy        *task  // a running snapshot task
	at          place
	nics        []*nic
	extras      []types.BaseVirtualDevice // of an imported VM: drives and such
	bare        []controllerAt            // controllers without a disk
	properties  map[string]string         // of an OVF descriptor
	uploads     []fields                  // what came of an imported VM, for GET /state
	own         string                    // folder of files that go when the VM goes
	changed     time.Time                 // when its text files were written last
}

// vmDisk is one disk of a VM.
type vmDisk struct {
	spec      *diskSpec
	raw       *disk
	key       int32
	ctlrKey   int32
	unit      int32
	ctlrName  string // as in lease keys, with the bus: ParaVirtualSCSIController0
	adapter   string
	uuid      string
	chain     []string // files, base first, the live one last
	epoch     string   // first half of the changeId
	changeSeq int
	taken     int64   // space booked for it
	left      *frozen // what the base holds under delta files that no snapshot has
}

// place is where a VM is.
type place struct {
	folder  *simulator.Folder
	pool    types.ManagedObjectReference
	host    *simulator.HostSystem
	ds      *simulator.Datastore
	browser types.ManagedObjectReference
}

// controllerAt is a controller by kind and bus.
type controllerAt struct {
	kind string
	bus  int32
}

func newVM(h *Host, ref types.ManagedObjectReference, spec *vmSpec, at place) (*vm, error) {
	v := &vm{h: h, ref: ref, spec: spec, at: at, dir: fileName(spec.Name), on: spec.Power == "on"}
	for _, other := range h.vms {
		if other.dir == v.dir && other.at.ds == at.ds {
			v.dir = fmt.Sprintf("%s_%d", fileName(spec.Name), len(h.vms))
		}
	}
	v.boot = now().Add(-time.Hour)
	v.mo = &simulator.VirtualMachine{}
	v.mo.Self = ref
	for i := range spec.Disks {
		d, err := v.newDisk(i)
		if err != nil {
			return nil, err
		}
		v.disks = append(v.disks, d)
	}
	v.mo.Name = escapeName(spec.Name)
	pool := at.pool
	v.mo.ResourcePool = &pool
	if spec.Template {
		v.mo.ResourcePool = nil
	}
	v.mo.EnvironmentBrowser = at.browser
	v.mo.Datastore = []types.ManagedObjectReference{at.ds.Self}
	v.newNICs()
	v.startSnapshots(spec.Snapshots, nil)
	v.refresh()
	return v, nil
}

func (v *vm) newDisk(i int) (*vmDisk, error) {
	s := &v.spec.Disks[i]
	raw, err := openDisk(s.File)
	if err != nil {
		return nil, err
	}
	base := v.path(v.dir + ".vmdk")
	if i > 0 {
		base = v.path(fmt.Sprintf("%s_%d.vmdk", v.dir, i))
	}
	d := &vmDisk{spec: s, raw: raw, chain: []string{base}, changeSeq: 1}
	d.uuid = s.UUID
	d.epoch = changeEpoch(s.UUID)
	v.place(d)
	return d, nil
}

// path is a file of the VM in datastore notation.
func (v *vm) path(file string) string {
	return fmt.Sprintf("[%s] %s/%s", v.at.ds.Name, v.dir, file)
}

// changeEpoch writes a uuid the way changeIds show it.
func changeEpoch(uuid string) string {
	hex := "52" + strings.ReplaceAll(nameUUID("epoch", uuid), "-", "")[2:]
	var pairs []string
	for i := 0; i < len(hex); i += 2 {
		pairs = append(pairs, hex[i:i+2])
	}
	return strings.Join(pairs[:8], " ") + "-" + strings.Join(pairs[8:], " ")
}

func (d *vmDisk) changeID() string { return fmt.Sprintf("%s/%d", d.epoch, d.changeSeq) }

func (d *vmDisk) live() string { return d.chain[len(d.chain)-1] }

func (v *vm) power() types.VirtualMachinePowerState {
	if v.on {
		return types.VirtualMachinePowerStatePoweredOn
	}
	return types.VirtualMachinePowerStatePoweredOff
}

func (v *vm) toolsOK() bool {
	return v.spec.Tools == "ok" && !v.noTools && v.upFor(v.h.cfg.toolsAfter)
}

// refresh makes the managed object's properties anew.
func (v *vm) refresh() {
	m := &v.mo.VirtualMachine
	m.Network = nil
	for _, n := range v.nics {
		if !hasRef(m.Network, n.network) {
			m.Network = append(m.Network, n.network)
		}
	}
	m.Config = v.config(nil)
	m.Runtime = v.runtime()
	m.Guest = v.guest()
	m.Capability = types.VirtualMachineCapability{
		SnapshotOperationsSupported: !v.spec.Template, MultipleSnapshotsSupported: true,
		PoweredOffSnapshotsSupported: true, MemorySnapshotsSupported: true,
		RevertToSnapshotSupported: true, QuiescedSnapshotsSupported: true,
		DiskSharesSupported: true, BootOptionsSupported: true,
		ChangeTrackingSupported: types.NewBool(true),
		SecureBootSupported:     types.NewBool(true),
	}
	m.GuestHeartbeatStatus = types.ManagedEntityStatusGray
	if v.toolsOK() {
		m.GuestHeartbeatStatus = types.ManagedEntityStatusGreen
	}
	m.Snapshot, m.RootSnapshot = v.snapshotInfo()
	v.changed = now()
	m.LayoutEx, m.Layout = v.layoutEx(), v.layout()
	m.Storage, m.Summary.Storage = v.storage()
	v.summary(&m.Summary)
}

func (v *vm) config(s *snapshot) *types.VirtualMachineConfigInfo {
	created := time.Date(2025, 1, 2, 3, 4, 5, 678000, time.UTC)
	f := types.NewBool(false)
	cfg := &types.VirtualMachineConfigInfo{
		ChangeVersion: "2025-01-02T03:04:05.678901Z", Modified: time.Unix(0, 0).UTC(),
		Name: escapeName(v.spec.Name), GuestFullName: guestNames[v.spec.GuestID],
		Version: v.spec.HW, Uuid: v.spec.UUID, CreateDate: &created,
		InstanceUuid: v.spec.InstanceUUID, LocationId: nameUUID("location", v.spec.UUID),
		NpivTemporaryDisabled: types.NewBool(true),
		Template:              v.spec.Template, GuestId: v.spec.GuestID,
		Annotation: v.spec.Description, Firmware: v.spec.Firmware,
		Files: types.VirtualMachineFileInfo{
			VmPathName: v.path(v.dir + ".vmx"), SnapshotDirectory: v.path(""),
			SuspendDirectory: v.path(""), LogDirectory: v.path(""),
		},
		Tools: &types.ToolsConfigInfo{ToolsUpgradePolicy: "manual", AfterPowerOn: types.NewBool(true),
			AfterResume: types.NewBool(true), BeforeGuestStandby: types.NewBool(true),
			BeforeGuestShutdown: types.NewBool(true), SyncTimeWithHost: f},
		Flags: types.VirtualMachineFlagInfo{EnableLogging: types.NewBool(true), UseToe: f,
			RunWithDebugInfo: f, MonitorType: "release", HtSharing: "any", SnapshotDisabled: f,
			SnapshotLocked: f, DiskUuidEnabled: f, SnapshotPowerOffBehavior: "powerOff",
			RecordReplayEnabled: f, FaultToleranceType: "unset", CbrcCacheEnabled: f,
			VvtdEnabled: f, VbsEnabled: f},
		DefaultPowerOps: types.VirtualMachineDefaultPowerOpInfo{PowerOffType: "soft",
			SuspendType: "hard", ResetType: "soft", DefaultPowerOffType: "soft",
			DefaultSuspendType: "hard", DefaultResetType: "soft", StandbyAction: "checkpoint"},
		Hardware: types.VirtualHardware{NumCPU: v.spec.CPUs, NumCoresPerSocket: 1,
			MemoryMB: v.spec.MemoryMB, VirtualICH7MPresent: f, VirtualSMCPresent: f,
			Device: v.devices(s)},
		MemoryHotAddEnabled: f, CpuHotAddEnabled: f, CpuHotRemoveEnabled: f,
		ExtraConfig:           v.extraConfig(),
		ChangeTrackingEnabled: types.NewBool(v.spec.CBT),
		BootOptions: &types.VirtualMachineBootOptions{BootDelay: 0,
			EnterBIOSSetup: f, EfiSecureBootEnabled: types.NewBool(v.spec.VTPM)},
		SwapPlacement: "inherit",
		DatastoreUrl:  []types.VirtualMachineConfigInfoDatastoreUrlPair{{Name: v.at.ds.Name, Url: strings.TrimPrefix(strings.TrimSuffix(v.at.ds.Summary.Url, "/"), "ds://")}},
	}
	if v.spec.VTPM {
		cfg.KeyId = &types.CryptoKeyId{KeyId: nameUUID("key", v.spec.UUID),
			ProviderId: &types.KeyProviderId{Id: "native-provider"}}
	}
	return cfg
}

func (v *vm) extraConfig() []types.BaseOptionValue {
	all := map[string]string{
		"svga.present":       "TRUE",
		"pciBridge0.present": "TRUE",
		"hpet0.present":      "TRUE",
		"viv.moid":           v.ref.Value,
		"migrate.hostLog":    v.dir + "-1a2b3c4d.hlog",
	}
	if v.spec.NVRAM != "" {
		all["nvram"] = v.dir + ".nvram"
	}
	for k, val := range v.spec.ExtraConfig {
		all[k] = val
	}
	keys := make([]string, 0, len(all))
	for k := range all {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	var opts []types.BaseOptionValue
	for _, k := range keys {
		opts = append(opts, &types.OptionValue{Key: k, Value: all[k]})
	}
	return opts
}

func (v *vm) runtime() types.VirtualMachineRuntimeInfo {
	r := types.VirtualMachineRuntimeInfo{
		Host: &v.at.host.Self, ConnectionState: types.VirtualMachineConnectionStateConnected,
		PowerState: v.power(), FaultToleranceState: types.VirtualMachineFaultToleranceStateNotConfigured,
		RecordReplayState: types.VirtualMachineRecordReplayStateInactive,
		CleanPowerOff:     types.NewBool(!v.on), OnlineStandby: types.NewBool(false),
		ConsolidationNeeded: types.NewBool(v.consolidate), Paused: types.NewBool(false),
		SnapshotInBackground: types.NewBool(false), InstantCloneFrozen: types.NewBool(false),
	}
	if v.on {
		boot := v.boot
		r.BootTime = &boot
	}
	if v.asked != nil {
		r.Question = v.asked.info()
	} else if v.spec.Question != "" {
		r.Question = &types.VirtualMachineQuestionInfo{Id: "1", Text: v.spec.Question,
			Choice: types.ChoiceOption{ChoiceInfo: []types.BaseElementDescription{
				&types.ElementDescription{Description: types.Description{Label: "Yes", Summary: "Yes"}, Key: "0"}}}}
	}
	return r
}

func (v *vm) guest() *types.GuestInfo {
	g := &types.GuestInfo{
		ToolsStatus:        types.VirtualMachineToolsStatusToolsNotInstalled,
		ToolsVersionStatus: "guestToolsNotInstalled", ToolsVersionStatus2: "guestToolsNotInstalled",
		ToolsRunningStatus: "guestToolsNotRunning", GuestState: "notRunning",
		AppHeartbeatStatus: "appStatusGray", AppState: "none", HwVersion: v.spec.HW,
	}
	switch {
	case v.toolsOK():
		g.ToolsStatus = types.VirtualMachineToolsStatusToolsOk
		g.ToolsVersionStatus, g.ToolsVersionStatus2 = "guestToolsUnmanaged", "guestToolsUnmanaged"
		g.ToolsRunningStatus, g.GuestState = "guestToolsRunning", "running"
		g.ToolsVersion, g.HostName = "12389", v.dir
		if g.IpAddress = v.address(); g.IpAddress != "" {
			for _, n := range v.nics {
				if n.connected {
					g.Net = append(g.Net, types.GuestNicInfo{Network: n.networkName(), IpAddress: []string{g.IpAddress},
						MacAddress: n.mac, Connected: true, DeviceConfigId: n.key})
				}
			}
		}
		g.GuestId, g.GuestFamily, g.GuestFullName = v.spec.GuestID, "linuxGuest", guestNames[v.spec.GuestID]
	case v.spec.Tools == "ok":
		g.ToolsStatus = types.VirtualMachineToolsStatusToolsNotRunning
		g.ToolsVersionStatus, g.ToolsVersionStatus2 = "guestToolsUnmanaged", "guestToolsUnmanaged"
	}
	return g
}

func (v *vm) summary(s *types.VirtualMachineSummary) {
	s.Vm = &v.ref
	s.Runtime = v.mo.Runtime
	g := v.mo.Guest
	s.Guest = &types.VirtualMachineGuestSummary{GuestId: g.GuestId, GuestFullName: g.GuestFullName,
		ToolsStatus: g.ToolsStatus, ToolsVersionStatus: g.ToolsVersionStatus,
		ToolsVersionStatus2: g.ToolsVersionStatus2, ToolsRunningStatus: g.ToolsRunningStatus,
		HostName: g.HostName, IpAddress: g.IpAddress, HwVersion: g.HwVersion}
	c := v.mo.Config
	s.Config = types.VirtualMachineConfigSummary{Name: c.Name, Template: c.Template,
		VmPathName: c.Files.VmPathName, MemorySizeMB: c.Hardware.MemoryMB, NumCpu: c.Hardware.NumCPU,
		NumEthernetCards: int32(len(v.nics)), NumVirtualDisks: int32(len(v.disks)),
		Uuid: c.Uuid, InstanceUuid: c.InstanceUuid, GuestId: c.GuestId, GuestFullName: c.GuestFullName,
		Annotation: c.Annotation, InstallBootRequired: types.NewBool(false),
		TpmPresent: types.NewBool(v.spec.VTPM), HwVersion: c.Version}
	s.OverallStatus = types.ManagedEntityStatusGreen
}

var guestNames = map[string]string{
	"debian11_64Guest":       "Debian GNU/Linux 11 (64-bit)",
	"debian10_64Guest":       "Debian GNU/Linux 10 (64-bit)",
	"ubuntu64Guest":          "Ubuntu Linux (64-bit)",
	"rhel8_64Guest":          "Red Hat Enterprise Linux 8 (64-bit)",
	"otherGuest":             "Other (32-bit)",
	"otherGuest64":           "Other (64-bit)",
	"windows2019srv_64Guest": "Microsoft Windows Server 2019 (64-bit)",
}
