"""How the world outside finds our films: search engines, feed readers, harvesters, citations."""
