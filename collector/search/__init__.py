"""Stage one's workers: browsers that outlive nothing, and the host loop around a source. Only room with Selenium."""
