module Greeting
  TEXT = "Hello, World!".freeze
end
