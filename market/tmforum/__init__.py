"""TM Forum read views: offerings (TMF620), orders (TMF622) and what a buyer holds (TMF637), in version 4."""
