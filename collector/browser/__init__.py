"""The only Selenium: browsers, their drivers, their processes, grids."""
