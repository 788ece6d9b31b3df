defmodule Page do end
