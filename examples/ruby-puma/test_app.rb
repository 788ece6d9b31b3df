require_relative 'app'

status, _, body = App.call('PATH_INFO' => '/')
raise "status #{status}" unless status == 200
raise "no message in #{body}" unless body.join.include?(MESSAGE)
