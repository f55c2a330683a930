"""Files of a film: pictures, papers and captions, from the upload to the reader."""
