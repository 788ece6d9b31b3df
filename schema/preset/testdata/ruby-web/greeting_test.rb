require_relative "greeting"

abort "an empty greeting" if Greeting::TEXT.empty?
