require_relative "greeting"

run ->(_env) { [200, { "content-type" => "text/plain" }, [Greeting::TEXT]] }
