#!/usr/bin/ruby
# A VM's disks to files with rbvmomi, with their SHA-256: as export.py.
#
# usage: export.rb STATE-DIR VM DIR

require 'digest'
require 'json'
require 'net/http'
require 'openssl'
require 'rbvmomi'
require 'uri'

STATE, NAME, FOLDER = ARGV
HOST = JSON.parse(File.read("#{STATE}/host.json"))
PASSWORD = File.open(ENV.fetch('BENCH_PASSWORD_FILE'), &:readline).chomp

def connect
  RbVmomi::VIM.connect(host: 'localhost', port: HOST['port'], user: HOST['user'], password: PASSWORD,
                       insecure: true, ssl: true, path: '/sdk')
end

def find_vm(vim)
  view = vim.serviceContent.viewManager.CreateContainerView(
    container: vim.rootFolder, type: ['VirtualMachine'], recursive: true
  )
  view.view.find { |v| v.name == NAME }
ensure
  view&.DestroyView
end

def wait_lease(lease)
  sleep 0.05 while lease.state == 'initializing'
  raise lease.error.localizedMessage if lease.state == 'error'
end

def fetch(url, path)
  u = URI(url.sub('*', 'localhost'))
  http = Net::HTTP.new(u.host, u.port == 443 ? HOST['port'] : u.port)
  http.use_ssl = true
  http.ca_file = HOST['cacert']
  digest = Digest::SHA256.new
  http.start do
    http.request_get(u.path) do |res|
      res.value
      File.open(path, 'wb') do |f|
        res.read_body do |b|
          f.write(b)
          digest << b
        end
      end
    end
  end
  digest.hexdigest
end

def download(lease)
  lease.info.deviceUrl.select(&:disk).map { |u| [u.key, fetch(u.url, "#{FOLDER}/#{u.targetId}")] }
end

vim = connect
snapshot = find_vm(vim).CreateSnapshot_Task(name: 'bench', description: 'of the bench', memory: false, quiesce: false)
                       .wait_for_completion
lease = snapshot.ExportSnapshot
wait_lease(lease)
keeper = Thread.new do
  loop do
    sleep 20
    lease.HttpNfcLeaseProgress(percent: 50)
  end
end
got = download(lease)
keeper.kill.join
lease.HttpNfcLeaseComplete
snapshot.RemoveSnapshot_Task(removeChildren: false).wait_for_completion
vim.serviceContent.sessionManager.Logout
puts(got.map { |_, digest| digest })
