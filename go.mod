module github.com/shadower/analytics/tools

go 1.26.5

tool github.com/magefile/mage

require github.com/magefile/mage v1.17.2 // indirect
