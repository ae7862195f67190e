# End to end: the real service on a real bus, from a shell and from a foreign language.
include(${CMAKE_CURRENT_LIST_DIR}/shell.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/node/node.cmake)
