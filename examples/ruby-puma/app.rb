# The page, as a Rack application.

# What the page says. Change it while devloop runs, and reload the page.
MESSAGE = 'Hello, World!'.freeze

App = lambda do |env|
  if env['PATH_INFO'] == '/'
    page = "<!doctype html>\n<title>ruby-puma</title>\n<h1>#{MESSAGE}</h1>\n"
    [200, { 'Content-Type' => 'text/html; charset=utf-8' }, [page]]
  else
    [404, { 'Content-Type' => 'text/plain' }, ["not found\n"]]
  end
end
