#!/usr/bin/ruby
# Drive a pretend host with rbvmomi: an independent client that waits for
# updates of a property collector where pyVmomi polls.
#
# usage: prove.rb STATE-DIR SPEC-DIR PASSWORD

require 'rbvmomi'
require 'digest'
require 'json'
require 'tmpdir'
require 'uri'
require 'openssl'

STATE, SPEC, PASSWORD = ARGV
$stdout.sync = true
HOST = JSON.parse(File.read("#{STATE}/host.json"))
DISKS = JSON.parse(File.read("#{SPEC}/disks.json"))
VIM = RbVmomi::VIM

def check(ok, what)
  puts "prove.rb: #{ok ? '' : 'FAILED: '}#{what}"
  exit 1 unless ok
end

def connect(password)
  VIM.connect(host: HOST['host'], port: HOST['port'], user: HOST['user'], password: password,
              insecure: true, ssl: true, path: '/sdk')
end

def refused(fault, what)
  yield
rescue RbVmomi::Fault => e
  check(e.fault.is_a?(fault), what)
else
  check(false, what)
end

# All VMs with some properties, page by page.
def list_vms(vim)
  view = vim.serviceContent.viewManager.CreateContainerView(
    container: vim.rootFolder, type: ['VirtualMachine'], recursive: true
  )
  walk = VIM.TraversalSpec(name: 'view', type: 'ContainerView', path: 'view', skip: false)
  spec = VIM.PropertyFilterSpec(
    objectSet: [{ obj: view, skip: true, selectSet: [walk] }],
    propSet: [{ type: 'VirtualMachine', all: false, pathSet: %w[name config.uuid runtime.powerState] }]
  )
  pc = vim.propertyCollector
  res = pc.RetrievePropertiesEx(specSet: [spec], options: {})
  found = res.objects
  pages = 1
  while res.token
    res = pc.ContinueRetrievePropertiesEx(token: res.token)
    found += res.objects
    pages += 1
  end
  view.DestroyView
  [found, pages]
end

# Wait for the lease by updates of a collector of our own.
def wait_lease(vim, lease)
  pc = vim.propertyCollector.CreatePropertyCollector
  pc.CreateFilter(spec: {
                    propSet: [{ type: 'HttpNfcLease', all: false, pathSet: %w[state info error] }],
                    objectSet: [{ obj: lease }]
                  }, partialUpdates: false)
  version = ''
  states = []
  until %w[ready error].include?(states.last)
    set = pc.WaitForUpdatesEx(version: version, options: { maxWaitSeconds: 10 })
    check(false, 'the lease becomes ready') if set.nil?
    version = set.version
    set.filterSet.each do |f|
      f.objectSet.each { |o| o.changeSet.each { |c| states << c.val if c.name == 'state' } }
    end
  end
  pc.DestroyPropertyCollector
  states
end

# One GET over a connection of its own; gives the size and writes the file.
def fetch(url, thumbprint, path)
  u = URI(url.sub('*', 'localhost'))
  to = HOST['flavor'] == 'esxi' ? HOST['port'] : u.port
  http = Net::HTTP.new('127.0.0.1', to)
  http.use_ssl = true
  http.verify_mode = OpenSSL::SSL::VERIFY_NONE
  http.start do
    unless thumbprint.nil? || thumbprint.empty?
      got = Digest::SHA1.hexdigest(http.peer_cert.to_der).upcase
      check(thumbprint.delete(':') == got, 'the lease tells the right thumbprint')
    end
    http.request_get(u.path) do |res|
      check(res.code == '200' && res['Content-Length'].nil?, "GET #{File.basename(u.path)} is chunked")
      File.open(path, 'wb') { |f| res.read_body { |b| f.write(b) } }
    end
  end
end

def same(file, source)
  ok = system('qemu-img', 'convert', '-f', 'vmdk', '-O', 'raw', file, "#{file}.raw") &&
       system('qemu-img', 'compare', '-f', 'raw', '-F', 'raw', "#{file}.raw", source, out: '/dev/null')
  check(ok, "#{File.basename(file)} equals its source")
end

def download(lease, sources, work)
  files = {}
  n = 0
  lease.info.deviceUrl.each do |u|
    path = "#{work}/#{File.basename(URI.decode_www_form_component(u.url))}"
    fetch(u.url, u.sslThumbprint, path)
    lease.HttpNfcLeaseProgress(percent: 50)
    files[u.key] = path
    next unless u.disk

    same(path, sources[n])
    n += 1
  end
  check(n == sources.length, "#{n} disks")
  files
end

def manifest(lease, files)
  lease.HttpNfcLeaseGetManifest.each do |m|
    data = files[m.key]
    check(m.size == File.size(data) && m.sha1 == Digest::SHA1.file(data).hexdigest, "manifest of #{m.key}")
  end
end

def descriptor(vim, vm, snapshot, files, work)
  list = files.map { |key, f| { deviceId: key, path: File.basename(f), size: File.size(f) } }
  params = { ovfFiles: list, name: 'proof', description: 'made by prove.rb' }
  params[:snapshot] = snapshot if snapshot
  res = vim.serviceContent.ovfManager.CreateDescriptor(obj: vm, cdp: params)
  check(res.error.empty?, 'descriptor without errors')
  File.write("#{work}/proof.ovf", res.ovfDescriptor)
  check(system('xmllint', '--noout', "#{work}/proof.ovf"), 'descriptor is XML')
end

def backup(vim, vm, sources, snapshot)
  lease = snapshot ? snapshot.ExportSnapshot : vm.ExportVm
  states = wait_lease(vim, lease)
  check(states.last == 'ready', "lease went #{states.join(' -> ')}")
  Dir.mktmpdir do |work|
    files = download(lease, sources, work)
    manifest(lease, files)
    descriptor(vim, vm, snapshot, files, work)
  end
  lease.HttpNfcLeaseComplete
end

refused(VIM::InvalidLogin, 'a wrong password is refused') { connect('wrong') }
vim = connect(PASSWORD)
found, pages = list_vms(vim)
check(found.length == DISKS.length && pages > 1, "#{found.length} VMs in #{pages} pages")
by_uuid = found.to_h { |o| [o.propSet.find { |p| p.name == 'config.uuid' }.val, o.obj] }

web = DISKS.find { |d| d['vm'] == 'prod-web' }
vm = by_uuid[web['uuid']]
refused(VIM::InvalidPowerState, 'ExportVm of a running VM is refused') { vm.ExportVm }
snap = vm.CreateSnapshot_Task(name: 'proof', description: 'made by prove.rb', memory: false, quiesce: false)
         .wait_for_completion
check(vm.snapshot.rootSnapshotList.first.name == 'proof', 'the snapshot is there')
backup(vim, vm, web['disks'], snap)
snap.RemoveSnapshot_Task(removeChildren: false).wait_for_completion
check(vm.snapshot.nil?, 'the snapshot is gone')

odd = DISKS.find { |d| d['vm'] == 'iso01' }
backup(vim, by_uuid[odd['uuid']], odd['disks'], nil)
vim.serviceContent.sessionManager.Logout
refused(VIM::NotAuthenticated, 'nothing goes after logout') { vim.serviceInstance.CurrentTime }
bad = File.readlines("#{STATE}/events.jsonl").grep(/"malformed"/)
check(bad.empty?, "no malformed request#{bad.join}")
