#!/usr/bin/ruby
# Deploy an exported VM to a pretend host with rbvmomi, and curl for the disk,
# as rbvmomi's own OvfManager does it.
#
# usage: prove_deploy.rb STATE-DIR SPEC-DIR PASSWORD

require 'rbvmomi'
require 'json'
require 'open3'
require 'tmpdir'
require 'uri'
require 'net/http'
require 'openssl'

STATE, SPEC, PASSWORD = ARGV
HOST = JSON.parse(File.read("#{STATE}/host.json"))
DISKS = JSON.parse(File.read("#{SPEC}/disks.json"))
VIM = RbVmomi::VIM

def check(ok, what)
  puts "prove_deploy.rb: #{ok ? '' : 'FAILED: '}#{what}"
  exit 1 unless ok
end

def fetch(url, path)
  u = URI(url.sub('*', 'localhost'))
  http = Net::HTTP.new('127.0.0.1', HOST['flavor'] == 'esxi' ? HOST['port'] : u.port)
  http.use_ssl = true
  http.verify_mode = OpenSSL::SSL::VERIFY_NONE
  http.start { http.request_get(u.path) { |r| File.open(path, 'wb') { |f| r.read_body { |b| f.write(b) } } } }
end

def ready(lease)
  sleep 0.02 while lease.state == 'initializing'
  check(lease.state == 'ready', "lease #{lease.state}")
end

def export(vim, vm, work)
  lease = vm.ExportVm
  ready(lease)
  files = lease.info.deviceUrl.map do |u|
    name = File.basename(URI.decode_www_form_component(u.url))
    fetch(u.url, "#{work}/#{name}")
    { deviceId: u.key, path: name, size: File.size("#{work}/#{name}") }
  end
  res = vim.serviceContent.ovfManager.CreateDescriptor(obj: vm, cdp: { ovfFiles: files, exportOption: ['mac'] })
  lease.HttpNfcLeaseComplete
  res.ovfDescriptor
end

vim = VIM.connect(host: HOST['host'], port: HOST['port'], user: HOST['user'], password: PASSWORD,
                  insecure: true, ssl: true, path: '/sdk')
dc = vim.rootFolder.childEntity.first
compute = dc.hostFolder.childEntity.first
source = DISKS.find { |d| d['vm'] == 'empty01' }
view = vim.serviceContent.viewManager.CreateContainerView(container: dc.vmFolder, type: ['VirtualMachine'], recursive: true)
old = view.view.find { |v| v.name == 'empty01' }
Dir.mktmpdir do |work|
  ovf = export(vim, old, work)
  net = dc.network.find { |n| n.name == 'VM Network' }
  res = vim.serviceContent.ovfManager.CreateImportSpec(
    ovfDescriptor: ovf, resourcePool: compute.resourcePool, datastore: dc.datastore.first,
    cisp: { locale: 'US', deploymentOption: '', entityName: 'by ruby', diskProvisioning: :thin,
            networkMapping: [{ name: 'VM Network', network: net }], propertyMapping: [] }
  )
  check(res.error.empty?, 'import specification without errors')
  # rbvmomi is older than efiSecureBootEnabled: it would send an empty element.
  res.importSpec.configSpec.props.delete(:bootOptions)
  lease = compute.resourcePool.ImportVApp(spec: res.importSpec, folder: dc.vmFolder, host: compute.host.first)
  ready(lease)
  item = res.fileItem.first
  url = lease.info.deviceUrl.find { |u| u.importKey == item.deviceId }.url
  u = URI(url.sub('*', 'localhost'))
  port = HOST['flavor'] == 'esxi' ? HOST['port'] : u.port
  # As rbvmomi's OvfManager does it: chunked, since curl reads a pipe.
  out, status = Open3.capture2e('curl', '-sS', '-f', '-k', '-X', 'POST', '--data-binary', '@-', '-H',
                                'Content-Type: application/x-vnd.vmware-streamVmdk', '-H', 'Transfer-Encoding: chunked',
                                '-H', 'Expect:', "https://127.0.0.1:#{port}#{u.path}",
                                stdin_data: File.binread("#{work}/#{item.path}"), binmode: true)
  check(status.success?, "curl uploads #{item.path} #{out}")
  lease.HttpNfcLeaseProgress(percent: 100)
  vm = lease.info.entity
  lease.HttpNfcLeaseComplete
  check(vm.name == 'by ruby', 'the VM is there')
  Dir.mktmpdir do |again|
    export(vim, vm, again)
    ok = system('qemu-img', 'convert', '-f', 'vmdk', '-O', 'raw', "#{again}/disk-0.vmdk", "#{again}/raw") &&
         system('qemu-img', 'compare', '-f', 'raw', '-F', 'raw', "#{again}/raw", source['disks'].first, out: '/dev/null')
    check(ok, 'its disk equals the source')
  end
  # Its address is of a range that hosts draw from.
  settings = { 'ruby' => 'was here', 'ethernet0.checkMACAddress' => 'false' }
  vm.ReconfigVM_Task(spec: { extraConfig: settings.map { |k, v| { key: k, value: v } } }).wait_for_completion
  check(vm.config.extraConfig.any? { |o| o.key == 'ruby' }, 'its settings can be changed')
  vm.PowerOnVM_Task.wait_for_completion
  check(vm.runtime.powerState == 'poweredOn', 'it starts')
  vm.PowerOffVM_Task.wait_for_completion
  vm.Destroy_Task.wait_for_completion
  view.DestroyView
  left = vim.searchIndex.FindByInventoryPath(inventoryPath: "#{dc.name}/vm/by ruby")
  check(left.nil?, 'and can be destroyed')
end
vim.serviceContent.sessionManager.Logout
bad = File.readlines("#{STATE}/events.jsonl").grep(/"malformed"|"nfc-expect"/)
check(bad.empty?, "no malformed request#{bad.join}")
